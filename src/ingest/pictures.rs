//! Still pictures of cameras, on request.
//!
//! In: the list of pictures that panels want now. Out: decoded pictures, or
//! the reason why there is none.
//!
//! How it works: only the latest list counts; what an older one still wanted
//! is dropped, because nobody looks at it any more. Addresses stay on the
//! host of the camera's source and get its headers. Body, dimensions and
//! memory are bounded before a pixel is decoded.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::StreamExt;
use image::imageops::FilterType;
use image::{ImageReader, Limits};
use reqwest::Url;
use tokio::sync::watch;

use crate::domain::health::SourceId;
use crate::domain::update::{Picture, Update};

use super::client::{Client, check_status, secs};
use super::fault::Fault;
use super::gate::Gate;
use super::outlet::Outlet;

/// Longest body of a picture, bytes.
const MAX_BYTES: u64 = 4 << 20;

/// Largest side of a picture, pixels.
const MAX_SIDE_PX: u32 = 4096;

/// Most memory for decoding one picture, bytes: the largest allowed one, twice.
const MAX_DECODE_BYTES: u64 = 2 * 4 * (MAX_SIDE_PX as u64) * (MAX_SIDE_PX as u64);

/// Widest picture that a panel shows, pixels.
const MAX_WIDTH_PX: u32 = 480;

/// Most pictures of one list.
const MAX_WANTED: usize = 64;

/// Pictures fetched at once.
const CONCURRENT: usize = 4;

/// A picture that somebody looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureRequest {
    /// The source that the camera came from.
    pub source: SourceId,
    /// Its id.
    pub camera: String,
    /// Where its picture is, absolute or relative to the source.
    pub url: String,
}

/// Asks for pictures; cheap to clone.
#[derive(Clone, Debug)]
pub struct PictureDesk {
    wanted: watch::Sender<Vec<PictureRequest>>,
}

impl Default for PictureDesk {
    fn default() -> Self {
        Self { wanted: watch::Sender::new(Vec::new()) }
    }
}

impl PictureDesk {
    /// Wants these pictures, and no others any more.
    pub fn want(&self, mut wanted: Vec<PictureRequest>) {
        wanted.truncate(MAX_WANTED);
        self.wanted.send_replace(wanted);
    }

    /// Fetches what is wanted until the desk or the wall closes. `clients`
    /// holds one per source that can have pictures.
    pub async fn serve(self, clients: Arc<BTreeMap<SourceId, Client>>, gate: Gate, outlet: Outlet) {
        let mut wanted = self.wanted.subscribe();
        let forbidden = Forbidden::default();
        // What was wanted before this task first ran is wanted too.
        wanted.mark_changed();
        while wanted.changed().await.is_ok() {
            let list = wanted.borrow_and_update().clone();
            let fetches = futures_util::stream::iter(list).map(|request| {
                let client = clients.get(&request.source).cloned();
                let (gate, outlet, forbidden) = (gate.clone(), outlet.clone(), forbidden.clone());
                async move {
                    let picture = fetch(client, &request, &gate, &forbidden).await;
                    let picture = picture.map_err(|fault| fault.to_string());
                    let PictureRequest { source, camera, .. } = request;
                    // A closed channel ends the task from outside.
                    _ = outlet.send(Update::Picture { source, camera, picture }).await;
                }
            });
            let all = fetches.buffer_unordered(CONCURRENT).for_each(|()| async {});
            let mut newer = wanted.clone();
            tokio::select! {
                () = all => {}
                _ = newer.changed() => {}
            }
        }
    }
}

/// Cameras whose pictures were refused although the token was a new one: no
/// other will help, and their refusals are no reason to log in again.
#[derive(Clone, Default)]
struct Forbidden(Arc<Mutex<BTreeSet<(SourceId, String)>>>);

impl Forbidden {
    /// Kept in mind; of more, all are forgotten and found out again.
    const MOST: usize = 4_096;

    fn cameras(&self) -> MutexGuard<'_, BTreeSet<(SourceId, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, request: &PictureRequest) -> bool {
        self.cameras().contains(&(request.source, request.camera.clone()))
    }

    fn set(&self, request: &PictureRequest, is_forbidden: bool) {
        let mut cameras = self.cameras();
        let camera = (request.source, request.camera.clone());
        if !is_forbidden {
            cameras.remove(&camera);
            return;
        }
        if cameras.len() >= Self::MOST {
            cameras.clear();
        }
        cameras.insert(camera);
    }
}

async fn fetch(
    client: Option<Client>,
    request: &PictureRequest,
    gate: &Gate,
    forbidden: &Forbidden,
) -> Result<Picture, Fault> {
    let Some(client) = client else {
        return Err(Fault::Unusable("此数据源没有可取图片的主机".into()));
    };
    let url = client.resolve(client.url(), &request.url)?;
    let mut came = body(&client, &url).await;
    if !forbidden.has(request) {
        let is_renewed = client.renews_after(came.as_ref().err()).await?;
        if is_renewed {
            came = body(&client, &url).await;
        }
        if is_renewed && came.as_ref().is_err_and(Fault::is_unauthorised) {
            forbidden.set(request, true);
        } else {
            client.learn_from(came.as_ref().err());
        }
    }
    let came = came?;
    forbidden.set(request, false);
    gate.run(move || decode(&came, MAX_WIDTH_PX)).await?
}

async fn body(client: &Client, url: &Url) -> Result<Vec<u8>, Fault> {
    let response = client.send(client.get(url.clone()).await?).await?;
    check_status(&response)?;
    let until = Instant::now() + secs(client.deadlines().whole_secs);
    client.body(response, MAX_BYTES, until).await
}

/// Decodes a PNG or JPEG of bounded size and makes it at most `widest_px` wide.
///
/// # Errors
/// When it is neither, damaged or too large.
pub(super) fn decode(body: &[u8], widest_px: u32) -> Result<Picture, Fault> {
    let fault = |error: image::ImageError| {
        Fault::Picture(match error {
            image::ImageError::Limits(_) => "尺寸超过上限".into(),
            image::ImageError::Unsupported(_) => "只支持 JPEG 和 PNG".into(),
            _ => "内容损坏".into(),
        })
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE_PX);
    limits.max_image_height = Some(MAX_SIDE_PX);
    limits.max_alloc = Some(MAX_DECODE_BYTES);
    let mut reader = ImageReader::new(Cursor::new(body))
        .with_guessed_format()
        .map_err(|error| fault(image::ImageError::IoError(error)))?;
    reader.limits(limits);
    let mut picture = reader.decode().map_err(fault)?;
    if picture.width() > widest_px {
        let height = u64::from(picture.height()) * u64::from(widest_px) / u64::from(picture.width());
        let height = u32::try_from(height).unwrap_or(u32::MAX).max(1);
        picture = picture.resize_exact(widest_px, height, FilterType::Triangle);
    }
    let picture = picture.into_rgba8();
    let (width, height) = picture.dimensions();
    Ok(Picture { width, height, rgba: picture.into_raw().into() })
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, RgbImage};

    use super::*;

    fn encoded(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::from_pixel(width, height, image::Rgb([10, 200, 30])).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn large_pictures_are_made_small_and_small_ones_kept() {
        let picture = decode(&encoded(1920, 1080, ImageFormat::Jpeg), MAX_WIDTH_PX).unwrap();
        assert_eq!((picture.width, picture.height, picture.rgba.len()), (480, 270, 480 * 270 * 4));
        let picture = decode(&encoded(32, 16, ImageFormat::Png), MAX_WIDTH_PX).unwrap();
        assert_eq!((picture.width, picture.height, &picture.rgba[..4]), (32, 16, [10, 200, 30, 255].as_slice()));
    }

    #[test]
    fn bombs_and_rubbish_are_refused() {
        let message = |body: &[u8]| decode(body, MAX_WIDTH_PX).unwrap_err().to_string();
        assert!(message(&encoded(5_000, 2, ImageFormat::Png)).contains("尺寸"));
        assert!(message(b"<html>login</html>").contains("JPEG"));
        let mut cut = encoded(64, 64, ImageFormat::Png);
        cut.truncate(60);
        assert!(message(&cut).contains("损坏"));
    }
}
