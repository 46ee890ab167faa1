//! HTTP for one source: headers, credentials, deadlines, limits, redirects.
//!
//! In: a source's address and settings. Out: responses and bodies, or the
//! [`Fault`] that names what went wrong.
//!
//! How it works: each source has a client of its own, so that one source's
//! connections and deadlines never touch another's. Bodies are read in chunks
//! and measured after decompression; a gzip bomb is cut off like any other
//! endless body. Redirects stay on the same host, because a wall carries
//! secrets in its headers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, Url};

use crate::config::access::Access;
use crate::config::source::{Deadlines, Secret};
use crate::domain::time::Time;

use super::backoff::Print;
use super::credentials::Pass;
use super::fault::{Fault, io_text};
use super::login::Logins;
use super::tls::{self, Connector};

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 5;

/// A client of one source.
#[derive(Clone, Debug)]
pub struct Client {
    http: Arc<Connector>,
    url: Url,
    headers: Vec<(String, Secret)>,
    pass: Option<Pass>,
    deadlines: Deadlines,
}

/// Seconds from the configuration as a span; nonsense counts as a minute.
pub fn secs(secs: f64) -> Duration {
    Duration::try_from_secs_f64(secs).unwrap_or(Duration::from_secs(60))
}

/// Why a redirect was not followed; travels inside `reqwest`'s error.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
struct RedirectRefused(Fault);

/// Headers with the values that they are sent with.
///
/// # Errors
/// When a secret is missing or no header can hold it.
pub(super) fn revealed(headers: &[(String, Secret)]) -> Result<HeaderMap, Fault> {
    let mut revealed = HeaderMap::new();
    for (name, value) in headers {
        let unusable = || Fault::Unusable(format!("请求头 {name}"));
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?;
        let text = value.reveal().map_err(Fault::Secret)?;
        let mut value = HeaderValue::from_str(&text).map_err(|_| unusable())?;
        value.set_sensitive(true);
        revealed.insert(key, value);
    }
    Ok(revealed)
}

/// A text as it may stand in an address: all but the unreserved characters of
/// RFC 3986, 2.3, as `%XX`.
pub(super) fn encoded_in_address(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Host and port of an address: what may be shown of it.
pub fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("?");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Whether `target` may get what `origin` gets: the same host, and not
/// without encryption where there was some.
fn is_same_host(origin: &Url, target: &Url) -> bool {
    let same_scheme = origin.scheme() == target.scheme();
    let upgraded = origin.scheme() == "http" && target.scheme() == "https";
    origin.host_str() == target.host_str()
        && (upgraded || (same_scheme && origin.port_or_known_default() == target.port_or_known_default()))
}

fn redirect_policy() -> reqwest::redirect::Policy {
    reqwest::redirect::Policy::custom(|attempt| {
        if attempt.previous().len() > MAX_REDIRECTS {
            return attempt.error(RedirectRefused(Fault::RedirectLoop { limit: MAX_REDIRECTS }));
        }
        match attempt.previous().last() {
            Some(origin) if !is_same_host(origin, attempt.url()) => {
                let host = host_of(attempt.url());
                attempt.error(RedirectRefused(Fault::OtherHost { host }))
            }
            _ => attempt.follow(),
        }
    })
}

impl Client {
    /// A client for the source at `url` that shows nothing and trusts whom the
    /// system trusts.
    ///
    /// # Errors
    /// When the address is none.
    #[cfg(test)]
    pub fn new(url: &str, headers: &[(String, Secret)], deadlines: Deadlines) -> Result<Self, Fault> {
        Self::with_access(url, headers, deadlines, &Access::default(), &Logins::new(jiff::tz::TimeZone::UTC))
    }

    /// A client for the source at `url`; sources with the same credentials
    /// share a login out of `logins`. Certificates are read when the first
    /// request is made.
    ///
    /// # Errors
    /// When the address is none.
    pub fn with_access(
        url: &str,
        headers: &[(String, Secret)],
        deadlines: Deadlines,
        access: &Access,
        logins: &Logins,
    ) -> Result<Self, Fault> {
        tls::install_cryptography();
        let url = Url::parse(url).map_err(|error| Fault::Unusable(format!("地址不是 http(s) 地址({error})")))?;
        let pass = access.credentials.as_ref().map(|credential| Pass::new(credential, logins)).transpose()?;
        let connect_timeout = secs(deadlines.connect_secs);
        let http = Connector::new(access.tls.clone(), connect_timeout, redirect_policy);
        Ok(Self { http: Arc::new(http), url, headers: headers.to_vec(), pass, deadlines })
    }

    /// The source's address.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The source's deadlines.
    pub fn deadlines(&self) -> Deadlines {
        self.deadlines
    }

    /// An address as a source wrote it, relative to `base`.
    ///
    /// # Errors
    /// When it leads to another host.
    pub fn resolve(&self, base: &Url, href: &str) -> Result<Url, Fault> {
        let url = base.join(href).map_err(|error| Fault::Unusable(format!("链接无效({error})")))?;
        if is_same_host(&self.url, &url) { Ok(url) } else { Err(Fault::OtherHost { host: host_of(&url) }) }
    }

    /// A GET request with the source's headers and credentials. Secrets are
    /// read each time, so that a renewed file takes effect without a restart.
    ///
    /// # Errors
    /// When a secret, token or certificate is missing or no header can hold it.
    pub async fn get(&self, url: Url) -> Result<RequestBuilder, Fault> {
        self.request(Method::GET, url).await
    }

    /// A POST request, otherwise like [`Client::get`].
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post(&self, url: Url, content_type: &'static str, body: Vec<u8>) -> Result<RequestBuilder, Fault> {
        Ok(self.request(Method::POST, url).await?.header(CONTENT_TYPE, content_type).body(body))
    }

    async fn request(&self, method: Method, mut url: Url) -> Result<RequestBuilder, Fault> {
        let mut headers = revealed(&self.headers)?;
        if let Some(pass) = &self.pass {
            pass.show(&method, &mut url, &mut headers).await?;
        }
        Ok(self.http.client().await?.request(method, url).headers(headers))
    }

    /// Whether to ask again at once after this fault: it wanted another token,
    /// and there is one.
    ///
    /// # Errors
    /// When a token is wanted and the login fails.
    pub async fn renews_after(&self, fault: Option<&Fault>) -> Result<bool, Fault> {
        match &self.pass {
            Some(pass) if fault.is_some_and(Fault::is_unauthorised) => pass.renewed().await,
            _ => Ok(false),
        }
    }

    /// Stands for the name and the password that each request shows; `None`
    /// where it shows something else.
    pub fn password_print(&self) -> Option<Print> {
        self.pass.as_ref().and_then(Pass::password_print)
    }

    /// Remembers how it ended: with this fault, or well.
    pub fn learn_from(&self, fault: Option<&Fault>) {
        match (&self.pass, fault) {
            (Some(pass), None) => pass.accepted(),
            (Some(pass), Some(fault)) if fault.is_unauthorised() => pass.refused(),
            _ => {}
        }
    }

    /// Sends a request and waits for the head of the answer.
    ///
    /// # Errors
    /// When no head comes in time. The status is not judged.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, Fault> {
        let wait = secs(self.deadlines.connect_secs) + secs(self.deadlines.idle_secs);
        match tokio::time::timeout(wait, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(self.fault_of(&error, 0)),
            Err(_) => Err(Fault::Idle { secs: self.deadlines.idle_secs, received: 0 }),
        }
    }

    /// Reads the rest of a response, at most `limit` bytes after
    /// decompression, not longer than `until`.
    ///
    /// # Errors
    /// When it stalls, breaks off, or is too long.
    pub async fn body(&self, mut response: Response, limit: u64, until: Instant) -> Result<Vec<u8>, Fault> {
        if response.content_length().is_some_and(|length| length > limit) {
            return Err(Fault::TooLarge { limit });
        }
        let mut body = Vec::new();
        loop {
            let received = body.len() as u64;
            let idle = secs(self.deadlines.idle_secs);
            let left = until.saturating_duration_since(Instant::now());
            match tokio::time::timeout(idle.min(left), response.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    if received + chunk.len() as u64 > limit {
                        return Err(Fault::TooLarge { limit });
                    }
                    body.extend_from_slice(&chunk);
                }
                Ok(Ok(None)) => return Ok(body),
                Ok(Err(error)) => return Err(self.fault_of(&error, received)),
                Err(_) if left <= idle => return Err(Fault::Whole { secs: self.deadlines.whole_secs, received }),
                Err(_) => return Err(Fault::Idle { secs: self.deadlines.idle_secs, received }),
            }
        }
    }

    /// Names an error of `reqwest` without its address.
    pub fn fault_of(&self, error: &reqwest::Error, received: u64) -> Fault {
        if let Some(refused) = find_source::<RedirectRefused>(error) {
            return refused.0.clone();
        }
        let io = find_source::<std::io::Error>(error);
        let host = host_of(&self.url);
        if let Some(error) = find_source::<rustls::Error>(error) {
            return Fault::Connect { host, reason: tls::reason(error) };
        }
        if error.is_connect() && error.is_timeout() {
            return Fault::ConnectTimeout { host, secs: self.deadlines.connect_secs };
        }
        if error.is_connect() {
            return Fault::Connect { host, reason: connect_reason(error, io) };
        }
        tracing::debug!(%host, error = deepest(error), "transport error");
        match io.map(std::io::Error::kind) {
            Some(std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput) => Fault::Compression,
            Some(_) => Fault::Broken { received, reason: io.map(io_text).unwrap_or_default() },
            None if error.is_body() || error.is_decode() || is_incomplete(error) => {
                Fault::Broken { received, reason: "数据没有收完".into() }
            }
            None => Fault::Protocol,
        }
    }
}

/// Judges a status.
///
/// # Errors
/// When it is not success; `Retry-After` comes along.
pub fn check_status(response: &Response) -> Result<(), Fault> {
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    Err(Fault::Status { status: status.as_u16(), retry_after: retry_after(response.headers()) })
}

/// `Retry-After` in seconds or as a date (RFC 9110, 10.2.3).
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(secs) = text.parse() {
        return Some(Duration::from_secs(secs));
    }
    let millis = http_date(text)?.millis_since(Time::system_now());
    Some(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
}

/// A date of HTTP: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn http_date(text: &str) -> Option<Time> {
    let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Time(zoned.timestamp().as_millisecond()))
}

pub(super) fn find_source<'a, E: std::error::Error + 'static>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a E> {
    let mut at = Some(error);
    while let Some(error) = at {
        // An I/O error hides what it wraps from `source`.
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(found) = error.downcast_ref::<E>() {
            let wrapped = inner.and_then(|inner| find_source::<E>(inner));
            return Some(wrapped.unwrap_or(found));
        }
        at = inner.map(|inner| inner as &(dyn std::error::Error + 'static)).or_else(|| error.source());
    }
    None
}

/// The innermost error, in its own words.
pub(super) fn deepest(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(inner) = at.source() {
        at = inner;
    }
    at.to_string().chars().take(120).collect()
}

/// Why a connection does not stand, in an operator's words.
fn connect_reason(error: &reqwest::Error, io: Option<&std::io::Error>) -> String {
    let words = deepest(error);
    match io {
        Some(io) if io.kind() == std::io::ErrorKind::InvalidData => "TLS 握手失败".into(),
        Some(io) => io_text(io),
        None => words,
    }
}

fn is_incomplete(error: &reqwest::Error) -> bool {
    let words = deepest(error);
    words.contains("closed before message completed") || words.contains("end of file")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(url: &str) -> Client {
        Client::new(url, &[], Deadlines::default()).unwrap()
    }

    #[test]
    fn links_stay_on_the_host() {
        let client = client("https://api.example.cn/v1/items?token=1");
        let resolve = |href: &str| client.resolve(client.url(), href);
        assert_eq!(resolve("/v1/items?page=2").unwrap().as_str(), "https://api.example.cn/v1/items?page=2");
        assert_eq!(resolve("items?page=3").unwrap().path(), "/v1/items");
        for other in
            ["https://evil.cn/", "http://api.example.cn/", "https://api.example.cn:8443/", "file:///etc/passwd"]
        {
            assert!(matches!(resolve(other), Err(Fault::OtherHost { .. })), "{other}");
        }
    }

    #[test]
    fn dates_of_http_are_read() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Time(784_111_777_000)));
        assert_eq!(http_date("soon"), None);
    }

    #[test]
    fn keys_cannot_change_the_rest_of_an_address() {
        assert_eq!(encoded_in_address("a&b=c/d#e 密"), "a%26b%3Dc%2Fd%23e%20%E5%AF%86");
    }

    #[tokio::test]
    async fn a_missing_secret_is_named_not_shown() {
        let headers = [("Authorization".to_owned(), Secret::Env("QUANYU_TEST_NO_SUCH_VARIABLE".into()))];
        let client = Client::new("http://127.0.0.1/", &headers, Deadlines::default()).unwrap();
        let fault = client.get(client.url().clone()).await.unwrap_err();
        assert!(fault.to_string().contains("QUANYU_TEST_NO_SUCH_VARIABLE"));
    }
}
