//! A double of the HTTP client: answers are what the fuzzer wrote.
//!
//! In: [`script`]ed answers. Out: one for each request, in order, from wherever
//! it was sent to; none when they are used up. Addresses are judged by the
//! real client.

use std::collections::VecDeque;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Instant;

use reqwest::header::CONTENT_TYPE;
use reqwest::{RequestBuilder, Response, ResponseBuilderExt, Url};

use crate::config::access::Access;
use crate::config::source::{Deadlines, Secret};

use super::backoff::Print;
use super::fault::Fault;
use super::login::Logins;
use super::real_client;
pub use super::real_client::{check_status, host_of, http_date, secs};
pub(super) use super::real_client::{deepest, encoded_in_address, find_source, retry_after, revealed};

/// One answer of a server.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status, 200 for example.
    pub status: u16,
    /// What it says that it is.
    pub content_type: String,
    /// What it is.
    pub body: Vec<u8>,
}

static ANSWERS: Mutex<VecDeque<Answer>> = Mutex::new(VecDeque::new());

/// Makes requests that nobody sends.
static NOBODY: LazyLock<reqwest::Client> = LazyLock::new(|| {
    super::tls::install_cryptography();
    reqwest::Client::new()
});

/// Answers the requests that come next.
pub fn script(answers: Vec<Answer>) {
    *ANSWERS.lock().unwrap_or_else(PoisonError::into_inner) = answers.into();
}

/// Answers that nobody asked for.
pub fn left() -> usize {
    ANSWERS.lock().unwrap_or_else(PoisonError::into_inner).len()
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Client {
    real: real_client::Client,
}

impl Client {
    /// As the real one.
    pub fn with_access(
        url: &str,
        headers: &[(String, Secret)],
        deadlines: Deadlines,
        access: &Access,
        logins: &Logins,
    ) -> Result<Self, Fault> {
        Ok(Self { real: real_client::Client::with_access(url, headers, deadlines, access, logins)? })
    }

    /// As the real one.
    pub fn url(&self) -> &Url {
        self.real.url()
    }

    /// As the real one.
    pub fn deadlines(&self) -> Deadlines {
        self.real.deadlines()
    }

    /// As the real one.
    pub fn resolve(&self, base: &Url, href: &str) -> Result<Url, Fault> {
        self.real.resolve(base, href)
    }

    /// A request that is not sent.
    pub async fn get(&self, url: Url) -> Result<RequestBuilder, Fault> {
        Ok(NOBODY.get(url))
    }

    /// A request that is not sent.
    pub async fn post(&self, url: Url, content_type: &'static str, body: Vec<u8>) -> Result<RequestBuilder, Fault> {
        Ok(NOBODY.post(url).header(CONTENT_TYPE, content_type).body(body))
    }

    /// The next answer.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, Fault> {
        let request = request.build().map_err(|_| Fault::Protocol)?;
        let answer = ANSWERS.lock().unwrap_or_else(PoisonError::into_inner).pop_front().ok_or(Fault::Protocol)?;
        let head = ::http::Response::builder()
            .status(answer.status)
            .header(CONTENT_TYPE, answer.content_type)
            .url(request.url().clone());
        Ok(head.body(answer.body).map_err(|_| Fault::Protocol)?.into())
    }

    /// As the real one.
    pub async fn body(&self, response: Response, limit: u64, until: Instant) -> Result<Vec<u8>, Fault> {
        self.real.body(response, limit, until).await
    }

    /// As the real one.
    pub async fn renews_after(&self, fault: Option<&Fault>) -> Result<bool, Fault> {
        self.real.renews_after(fault).await
    }

    /// As the real one.
    pub fn password_print(&self) -> Option<Print> {
        self.real.password_print()
    }

    /// As the real one.
    pub fn learn_from(&self, fault: Option<&Fault>) {
        self.real.learn_from(fault);
    }

    /// As the real one.
    pub fn fault_of(&self, error: &reqwest::Error, received: u64) -> Fault {
        self.real.fault_of(error, received)
    }
}
