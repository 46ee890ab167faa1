//! What the wall shows, for a phone: one picture each two seconds, shared by all
//! who ask.

use std::io::Cursor;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::StatusCode;
use image::DynamicImage;
use image::codecs::jpeg::JpegEncoder;

use super::problem::Problem;
use super::shared::Shared;

/// A picture is shown for so long.
const LIFE: Duration = Duration::from_secs(2);

/// How long the wall may take for one.
const DEADLINE: Duration = Duration::from_secs(5);

/// Most pixels across: a wall has many more than a phone.
const WIDTH: u32 = 1_920;

const QUALITY: u8 = 82;

/// The last one, and when it was taken.
pub(super) type Last = Option<(Instant, Bytes)>;

/// The picture, as JPEG. Who comes while one is taken waits for that.
pub(super) async fn picture(shared: &Shared) -> Result<Bytes, Problem> {
    let mut last = shared.picture.lock().await;
    if let Some((taken, bytes)) = &*last
        && taken.elapsed() < LIFE
    {
        return Ok(bytes.clone());
    }
    let image = shared.ask_picture(DEADLINE).await?;
    let encoded = tokio::task::spawn_blocking(move || encoded(&image)).await;
    let failed = || Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "画面无法编码");
    let bytes = Bytes::from(encoded.map_err(|_| failed())?.map_err(|_| failed())?);
    *last = Some((Instant::now(), bytes.clone()));
    Ok(bytes)
}

fn encoded(image: &DynamicImage) -> image::ImageResult<Vec<u8>> {
    let smaller = (image.width() > WIDTH).then(|| image.thumbnail(WIDTH, u32::MAX));
    let rgb = smaller.as_ref().unwrap_or(image).to_rgb8();
    let mut bytes = Cursor::new(Vec::new());
    rgb.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY))?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_wall_becomes_a_picture_for_a_phone() {
        let wide = DynamicImage::new_rgba8(3_840, 1_080);
        let bytes = encoded(&wide).expect("encodes");
        let back = image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg).expect("a JPEG");
        assert_eq!((back.width(), back.height()), (1_920, 540));
        let small = encoded(&DynamicImage::new_rgba8(64, 48)).expect("encodes");
        let back = image::load_from_memory(&small).expect("a JPEG");
        assert_eq!((back.width(), back.height()), (64, 48));
    }
}
