//! Tile servers: one address for each tile.
//!
//! In: an address with placeholders. Out: the bytes of a tile. The key stands in
//! the address of a request only while that is sent: never in the configuration,
//! in a fault or in a log.

use std::time::Instant;

use reqwest::{StatusCode, Url};

use crate::config::source::Secret;
use crate::config::tiles::TileUrl;
use crate::domain::tiles::{TileId, TileMatrix};
use crate::ingest::client::{Client, check_status, encoded_in_address, secs};
use crate::ingest::fault::Fault;
use crate::ingest::login::Logins;

/// A tile server.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    client: Client,
    template: String,
    subdomains: Vec<String>,
    key: Option<Secret>,
    matrix: TileMatrix,
}

/// What a server said to one request.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// A tile, which may be empty.
    Tile(Vec<u8>),
    /// There is no such tile, with the status that says so.
    None(u16),
}

impl Remote {
    /// A server that was never asked.
    ///
    /// # Errors
    /// When the address is none, or TLS cannot be set up.
    pub fn new(url: &TileUrl, matrix: TileMatrix, logins: &Logins) -> Result<Self, Fault> {
        let anywhere = TileId { z: 0, x: 0, y: 0 };
        let address = expanded(&url.template, anywhere, matrix, &url.subdomains, "");
        let client = Client::with_access(&address, &url.headers, url.deadlines, &url.access, logins)?;
        let (subdomains, key) = (url.subdomains.clone(), url.key.clone());
        Ok(Self { client, template: url.template.clone(), subdomains, key, matrix })
    }

    /// Asks for a tile.
    ///
    /// # Errors
    /// When no usable answer comes in time. The key is in no error.
    pub async fn tile(&self, tile: TileId) -> Result<Answer, Fault> {
        let mut answer = self.ask(tile).await;
        if self.client.renews_after(answer.as_ref().err()).await? {
            answer = self.ask(tile).await;
        }
        self.client.learn_from(answer.as_ref().err());
        answer
    }

    async fn ask(&self, tile: TileId) -> Result<Answer, Fault> {
        let url = self.address(tile)?;
        let response = self.client.send(self.client.get(url).await?).await?;
        // WMTS answers 400 to a tile outside its matrix.
        if let StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::BAD_REQUEST = response.status() {
            return Ok(Answer::None(response.status().as_u16()));
        }
        check_status(&response)?;
        let until = Instant::now() + secs(self.client.deadlines().whole_secs);
        self.client.body(response, super::content::MAX_BYTES, until).await.map(Answer::Tile)
    }

    fn address(&self, tile: TileId) -> Result<Url, Fault> {
        let key = self.key.as_ref().map(Secret::reveal).transpose().map_err(Fault::Secret)?.unwrap_or_default();
        let address = expanded(&self.template, tile, self.matrix, &self.subdomains, &encoded_in_address(&key));
        // What the parser says may repeat what it read.
        Url::parse(&address).map_err(|_| Fault::Unusable("瓦片网址代入后不是网址".into()))
    }
}

/// An address with its placeholders filled in. A tile always has the same one.
fn expanded(template: &str, tile: TileId, matrix: TileMatrix, subdomains: &[String], key: &str) -> String {
    let from_south = (matrix.size(tile.z)[1] - 1).saturating_sub(tile.y);
    let turn = (u64::from(tile.x) + u64::from(tile.y)) as usize;
    let subdomain = subdomains.get(turn % subdomains.len().max(1)).map_or("", String::as_str);
    template
        .replace("{z}", &tile.z.to_string())
        .replace("{x}", &tile.x.to_string())
        .replace("{y}", &tile.y.to_string())
        .replace("{-y}", &from_south.to_string())
        .replace("{s}", subdomain)
        .replace("{key}", key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_in() {
        let tile = TileId { z: 3, x: 5, y: 1 };
        let names = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let fill = |template: &str, matrix| expanded(template, tile, matrix, &names, "K");
        assert_eq!(fill("http://t{s}/{z}/{x}/{y}?tk={key}", TileMatrix::WebMercator), "http://ta/3/5/1?tk=K");
        assert_eq!(fill("{-y}", TileMatrix::WebMercator), "6");
        assert_eq!(fill("{-y}", TileMatrix::Geographic), "2");
        assert_eq!(expanded("{s}", tile, TileMatrix::WebMercator, &[], ""), "");
    }

    #[test]
    fn a_missing_key_is_named_and_a_present_one_is_not() {
        let key = Some(Secret::Env("QUANYU_TEST_NO_SUCH_KEY".into()));
        let url = TileUrl {
            template: "http://127.0.0.1:1/{z}/{x}/{y}?tk={key}".into(),
            subdomains: vec![],
            key,
            headers: vec![],
            access: Default::default(),
            deadlines: Default::default(),
        };
        let logins = Logins::new(jiff::tz::TimeZone::UTC);
        let remote = Remote::new(&url, TileMatrix::WebMercator, &logins).unwrap();
        let fault = remote.address(TileId { z: 1, x: 0, y: 0 }).unwrap_err();
        assert!(fault.to_string().contains("QUANYU_TEST_NO_SUCH_KEY"), "{fault}");
    }
}
