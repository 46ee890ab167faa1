//! What stands before every request: under which name it came, who asks, what it
//! carries; and what every answer says to browsers.
//!
//! A page elsewhere must not be able to use a browser that is paired. It cannot
//! come under another name (a name that was made to lead here after the fact,
//! "DNS rebinding": only addresses and configured names pass), cannot send JSON
//! without being asked first, which is never granted (no CORS), and its `Origin`
//! is another.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::shared::{App, locked};

/// Bytes that a request may carry.
pub(super) const MAX_BODY: usize = 64 << 10;

/// How long a request may take in all.
const DEADLINE: Duration = Duration::from_secs(10);

/// What every answer says.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Who {
    /// Under this name.
    pub name: String,
    /// Somebody who read a code off the screen, and no other system.
    pub is_hand: bool,
}

/// The names under which a request may come.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    listen: SocketAddr,
    names: Vec<String>,
}

impl Hosts {
    /// Those of an address, and names of a proxy before it.
    pub fn of(listen: SocketAddr, names: &[String]) -> Self {
        Self { listen, names: names.iter().map(|name| name.to_ascii_lowercase()).collect() }
    }

    /// The port that is listened on.
    pub fn port(&self) -> u16 {
        self.listen.port()
    }

    /// Whether the value of a `Host` header is one of them.
    pub fn allow(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let Some((name, port)) = split(&host) else { return false };
        // A proxy listens on a port of its own.
        if self.names.iter().any(|known| known == name) {
            return true;
        }
        if port.unwrap_or(80) != self.listen.port() {
            return false;
        }
        let own = self.listen.ip();
        match name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            // An address as it is leads to no other place than it says.
            Ok(ip) => ip == own || own.is_unspecified(),
            Err(_) => name == "localhost" && (own.is_loopback() || own.is_unspecified()),
        }
    }
}

/// A host and its port.
fn split(host: &str) -> Option<(&str, Option<u16>)> {
    let colon = match host.rfind(']') {
        Some(end) => host[end..].find(':').map(|at| end + at),
        None => host.find(':'),
    };
    match colon {
        None => (!host.is_empty()).then_some((host, None)),
        Some(at) => Some((&host[..at], Some(host[at + 1..].parse().ok()?))),
    }
}

/// The one value of a header; `None` where there is none, or several.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn fault(hosts: &Hosts, method: &Method, headers: &HeaderMap) -> Option<Problem> {
    let Some(host) = only(headers, &header::HOST).filter(|host| hosts.allow(host)) else {
        return Some(Problem::new(StatusCode::MISDIRECTED_REQUEST, "请用大屏上显示的网址"));
    };
    if method != Method::POST {
        return None;
    }
    let is_json = only(headers, &header::CONTENT_TYPE).is_some_and(|kind| {
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    });
    if !is_json {
        return Some(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type 应为 application/json"));
    }
    let is_foreign = headers.contains_key(header::ORIGIN)
        && only(headers, &header::ORIGIN)
            .and_then(|origin| origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")))
            .is_none_or(|origin| !origin.eq_ignore_ascii_case(host));
    is_foreign.then(|| Problem::new(StatusCode::FORBIDDEN, "不接受其他网站的请求"))
}

/// Stands before all routes.
pub(super) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = match fault(&app.hosts, request.method(), request.headers()) {
        Some(problem) => problem.into_response(),
        None => match tokio::time::timeout(DEADLINE, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Problem::new(StatusCode::REQUEST_TIMEOUT, "请求超时").into_response(),
        },
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Stands before the routes that not everybody may use.
pub(super) async fn let_in(State(app): State<App>, mut request: Request, next: Next) -> Response {
    match who(&app, request.headers()) {
        Some(who) => {
            request.extensions_mut().insert(who);
            next.run(request).await
        }
        None => Problem::new(StatusCode::UNAUTHORIZED, "未配对,或配对已过期").into_response(),
    }
}

fn who(app: &App, headers: &HeaderMap) -> Option<Who> {
    let sessions = locked(&app.sessions);
    let bearer = only(headers, &header::AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    let name = match bearer {
        Some(token) => sessions.token(token)?,
        None => sessions.session(cookie(app, headers)?, app.now_ms())?,
    };
    Some(Who { name: name.to_owned(), is_hand: bearer.is_none() })
}

/// Name of the cookie: cookies know no ports, and a machine may have two walls.
pub(super) fn cookie_name(app: &App) -> String {
    format!("quanyu-{}", app.hosts.port())
}

/// What a browser shows.
pub(super) fn cookie<'a>(app: &App, headers: &'a HeaderMap) -> Option<&'a str> {
    let name = cookie_name(app);
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(listen: &str) -> Hosts {
        Hosts::of(listen.parse().expect("an address"), &["Wall.example.gov.cn".to_owned()])
    }

    #[test]
    fn a_request_comes_under_an_address_or_a_configured_name() {
        let own = hosts("127.0.0.1:8760");
        for good in
            ["127.0.0.1:8760", "localhost:8760", "LOCALHOST:8760", "wall.example.gov.cn", "WALL.example.gov.cn:443"]
        {
            assert!(own.allow(good), "{good}");
        }
        for bad in [
            "",
            "127.0.0.1",
            "127.0.0.1:80",
            "127.0.0.2:8760",
            "evil.example:8760",
            "127.0.0.1.evil.example:8760",
            "localhost.evil.example:8760",
            "wall.example.gov.cn.evil.example",
            "[::1]:8760",
            "127.0.0.1:8760:8760",
            ":8760",
        ] {
            assert!(!own.allow(bad), "{bad}");
        }
        assert!(hosts("[::1]:8760").allow("[::1]:8760") && !hosts("[::1]:8760").allow("::1:8760"));
        let all = hosts("0.0.0.0:8760");
        assert!(all.allow("192.168.1.20:8760") && all.allow("localhost:8760"));
        assert!(!all.allow("evil.example:8760") && !all.allow("192.168.1.20:80"));
        let one = hosts("192.168.1.20:80");
        assert!(one.allow("192.168.1.20") && !one.allow("192.168.1.21") && !one.allow("localhost"));
    }

    #[test]
    fn a_post_is_json_and_of_our_own_page() {
        let own = hosts("127.0.0.1:8760");
        let status = |method: Method, pairs: &[(&str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers
                    .append(HeaderName::from_bytes(name.as_bytes()).expect("a name"), value.parse().expect("a value"));
            }
            fault(&own, &method, &headers).map(|problem| problem.into_response().status().as_u16())
        };
        let host = ("host", "127.0.0.1:8760");
        let json = ("content-type", "application/json; charset=utf-8");
        assert_eq!(status(Method::GET, &[host]), None);
        assert_eq!(status(Method::GET, &[]), Some(421));
        assert_eq!(status(Method::GET, &[host, host]), Some(421));
        assert_eq!(status(Method::POST, &[host]), Some(415));
        assert_eq!(status(Method::POST, &[host, ("content-type", "text/plain")]), Some(415));
        assert_eq!(status(Method::POST, &[host, json]), None);
        assert_eq!(status(Method::POST, &[host, json, ("origin", "http://127.0.0.1:8760")]), None);
        for other in ["http://evil.example", "null", "http://127.0.0.1:8750", "http://127.0.0.1", "file://"] {
            assert_eq!(status(Method::POST, &[host, json, ("origin", other)]), Some(403), "{other}");
        }
    }
}
