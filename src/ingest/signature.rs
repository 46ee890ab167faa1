//! Signed requests: a digest over parts of the request and a secret.
//!
//! In: [`Signature`] of the configuration, the method and address of a request.
//! Out: headers and query parameters. The secret goes into the digest and
//! nowhere else.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use jiff::tz::TimeZone;
use md5::Digest as _;
use reqwest::Url;

use crate::config::access::{Digest, Encoding, Signature};
use crate::config::template::{Placeholder, Template};
use crate::domain::time::Time;

use super::fault::Fault;

/// Headers and query parameters, each with its value.
#[derive(Default, PartialEq)]
pub struct Shown {
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Query parameters.
    pub query: Vec<(String, String)>,
}

/// Signs a request that is sent at `now`, in `zone`, with a nonce that is never used
/// again.
///
/// # Errors
/// When a secret is missing.
pub fn sign(
    signature: &Signature,
    method: &str,
    url: &Url,
    (now, zone): (Time, &TimeZone),
    nonce: &str,
) -> Result<Shown, Fault> {
    let key = signature.key.reveal().map_err(Fault::Secret)?;
    let secret = signature.secret.reveal().map_err(Fault::Secret)?;
    let timestamp = signature.timestamp.render(now, zone);
    let filled = |template: &Template, digest: &str, secret: &str| {
        template.expand(|placeholder| match placeholder {
            Placeholder::Moment(moment) => moment.render(now, zone),
            Placeholder::Name(name) => match name.as_str() {
                "key" => key.clone(),
                "secret" => secret.to_owned(),
                "timestamp" => timestamp.clone(),
                "nonce" => nonce.to_owned(),
                "method" => method.to_owned(),
                "path" => path_of(url),
                "query" => sorted_query(url),
                "digest" => digest.to_owned(),
                _ => String::new(),
            },
        })
    };
    let text = filled(&signature.over, "", &secret);
    let digest = written(&digest(signature.digest, &secret, &text), signature.encoding);
    let fill = |templates: &[(String, Template)]| {
        templates.iter().map(|(name, template)| (name.clone(), filled(template, &digest, ""))).collect()
    };
    Ok(Shown { headers: fill(&signature.place.headers), query: fill(&signature.place.query) })
}

/// 32 hexadecimal digits that never come again.
pub fn nonce() -> String {
    format!("{:032x}", fastrand::u128(..))
}

fn digest(digest: Digest, secret: &str, text: &str) -> Vec<u8> {
    use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256};
    match digest {
        Digest::Md5 => md5::Md5::digest(text).to_vec(),
        Digest::Sm3 => sm3::Sm3::digest(text).to_vec(),
        Digest::Sha1 => ring::digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref().to_vec(),
        Digest::Sha256 => ring::digest::digest(&SHA256, text.as_bytes()).as_ref().to_vec(),
        Digest::HmacSha256 => {
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
            ring::hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
        }
    }
}

fn written(digest: &[u8], encoding: Encoding) -> String {
    let hex = || digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    match encoding {
        Encoding::Hex => hex(),
        Encoding::HexUpper => hex().to_uppercase(),
        Encoding::Base64 => BASE64_STANDARD.encode(digest),
    }
}

/// The path with the query, as it is sent.
fn path_of(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

/// `a=1&b=2`: the query sorted by name, values as they were before encoding,
/// empty ones left out.
fn sorted_query(url: &Url) -> String {
    let mut pairs: Vec<(String, String)> =
        url.query_pairs().into_owned().filter(|(_, value)| !value.is_empty()).collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::access::Place;
    use crate::config::source::Secret;
    use crate::config::template::TimeFormat;

    const NAMES: [&str; 8] = ["key", "secret", "timestamp", "nonce", "method", "path", "query", "digest"];

    fn signed(digest: Digest, encoding: Encoding, over: &str) -> Shown {
        let template = |text: &str| Template::parse(text, &NAMES).unwrap();
        let signature = Signature {
            key: Secret::Plain("app".into()),
            secret: Secret::Plain("s3cret".into()),
            digest,
            encoding,
            over: template(over),
            timestamp: TimeFormat::Millis,
            place: Place {
                headers: vec![("X-Sign".into(), template("{digest}"))],
                query: vec![("t".into(), template("{timestamp}-{nonce}-{secret}"))],
            },
        };
        let url = Url::parse("http://h/api/events?b=2&a=%E5%8C%BA&c=").unwrap();
        sign(&signature, "GET", &url, (Time(1_700_000_000_000), &TimeZone::UTC), "n0").unwrap()
    }

    #[test]
    fn digests_have_known_values() {
        let hex = |kind, text: &str| written(&digest(kind, "key", text), Encoding::Hex);
        assert_eq!(hex(Digest::Md5, "abc"), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(hex(Digest::Sha1, "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(hex(Digest::Sha256, "abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        // GB/T 32905, appendix A.1.
        assert_eq!(hex(Digest::Sm3, "abc"), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
        assert_eq!(
            hex(Digest::HmacSha256, "The quick brown fox jumps over the lazy dog"),
            "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
        );
    }

    #[test]
    fn parts_of_the_request_are_signed_and_the_secret_stays() {
        let plain = signed(Digest::Md5, Encoding::HexUpper, "{key}{timestamp}{nonce}{secret}");
        // md5("app1700000000000n0s3cret")
        let expected = written(&digest(Digest::Md5, "", "app1700000000000n0s3cret"), Encoding::HexUpper);
        assert_eq!(plain.headers, [("X-Sign".to_owned(), expected)]);
        assert_eq!(plain.query, [("t".to_owned(), "1700000000000-n0-".to_owned())], "no secret outside the digest");
        let of_request = signed(Digest::HmacSha256, Encoding::Base64, "{method}\n{path}\n{query}");
        let text = "GET\n/api/events?b=2&a=%E5%8C%BA&c=\na=区&b=2";
        let expected = written(&digest(Digest::HmacSha256, "s3cret", text), Encoding::Base64);
        assert_eq!(of_request.headers[0].1, expected);
    }

    #[test]
    fn nonces_differ() {
        assert_ne!(nonce(), nonce());
        assert_eq!(nonce().len(), 32);
    }
}
