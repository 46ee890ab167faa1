//! Tokens that are asked for with name and password, one login for all sources
//! that share it.
//!
//! In: [`LoginCall`] of the configuration. Out: the current [`Token`].
//!
//! How it works: whoever needs a token waits for the one login that is under
//! way. A token is renewed before its end, counted from when it was asked for
//! by the monotonic clock, so that no clock needs to be right; meanwhile the
//! old one serves, and longer when no new one comes. A login that fails is
//! tried again like any request; one that is *refused* is tried again after
//! ten minutes, then every half hour, so that no account is locked, or at once
//! when name or password changed.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use reqwest::StatusCode;
use reqwest::header::DATE;
use serde_json::Value;

use crate::config::access::{Access, LoginCall};
use crate::domain::time::Time;

use super::backoff::{Backoff, Print};
use super::body;
use super::client::{Client, check_status, http_date, secs};
use super::fault::Fault;

/// Longest answer to a login, bytes.
const MAX_ANSWER_BYTES: u64 = 1 << 20;

/// No token is renewed because of its age sooner than this after it came.
const LEAST_LIFE: Duration = Duration::from_secs(10);

/// A token is renewed this long before its end, or at four fifths of its life.
const MARGIN: Duration = Duration::from_secs(60);

/// Numbers from here on are instants in seconds since 1970, not lifetimes.
const FIRST_INSTANT: f64 = 1e9;

/// Numbers from here on are instants in milliseconds since 1970.
const FIRST_MILLIS: f64 = 1e12;

/// The logins of all sources, by the ids of their credentials.
#[derive(Clone, Debug)]
pub struct Logins {
    /// Zone of instants in templates.
    pub zone: TimeZone,
    by_id: Arc<Mutex<HashMap<String, Arc<Login>>>>,
}

impl Logins {
    /// No login yet.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, by_id: Arc::default() }
    }

    /// Forgets the tokens of all credentials but `ids`; from now on instants in
    /// templates are in `zone`.
    pub fn keep(&mut self, zone: TimeZone, ids: &[&str]) {
        self.zone = zone;
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner).retain(|id, _| ids.contains(&id.as_str()));
    }

    /// The login of the credentials `id`, the same for all who ask.
    ///
    /// # Errors
    /// When its address is none.
    pub fn of(&self, id: &str, call: &LoginCall) -> Result<Arc<Login>, Fault> {
        let mut logins = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        // Other credentials of the same name know nothing of its token.
        if let Some(login) = logins.get(id).filter(|login| login.call == *call && login.zone == self.zone) {
            return Ok(Arc::clone(login));
        }
        let access = Access { credentials: None, tls: call.tls.clone() };
        let client = Client::with_access(&call.url, &[], call.deadlines, &access, self)?;
        let (zone, call) = (self.zone.clone(), call.clone());
        let login = Arc::new(Login {
            id: id.to_owned(),
            call,
            client,
            zone,
            current: Mutex::default(),
            desk: tokio::sync::Mutex::default(),
        });
        logins.insert(id.to_owned(), Arc::clone(&login));
        Ok(login)
    }
}

/// A token. It has no `Debug`: it is a secret.
#[derive(Clone)]
pub struct Token {
    /// What is shown.
    pub value: String,
    /// Counts the tokens of one login, from 1.
    pub generation: u64,
    /// When it was asked for.
    since: Instant,
    /// Its life, where that is known.
    life: Option<Duration>,
}

impl Token {
    /// How old it is.
    pub fn age(&self) -> Duration {
        self.since.elapsed()
    }

    fn is_due(&self) -> bool {
        self.life.is_some_and(|life| self.age() >= (life - MARGIN.min(life / 5)).max(LEAST_LIFE))
    }

    fn is_over(&self) -> bool {
        self.life.is_some_and(|life| self.age() >= life.max(LEAST_LIFE))
    }
}

/// One login.
pub struct Login {
    id: String,
    call: LoginCall,
    client: Client,
    zone: TimeZone,
    current: Mutex<Option<Token>>,
    /// Whoever holds it logs in.
    desk: tokio::sync::Mutex<Desk>,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login({})", self.id)
    }
}

/// What is known about past attempts.
#[derive(Default)]
struct Desk {
    backoff: Backoff,
    /// Why there is no token, and until when nobody asks for one.
    rest: Option<(Instant, Fault)>,
    /// Name and password that were refused.
    refused_with: Option<Print>,
    /// Tokens so far.
    generation: u64,
}

impl Login {
    /// How it is asked, and where its token goes.
    pub fn call(&self) -> &LoginCall {
        &self.call
    }

    /// The token to show now. An old one is renewed beside the requests that it
    /// serves.
    ///
    /// # Errors
    /// When there is none and none is to be had.
    pub async fn token(self: &Arc<Self>) -> Result<Token, Fault> {
        let Some(token) = self.current() else { return self.newer_than(0).await };
        if token.is_over() {
            return Ok(self.newer_than(token.generation).await.unwrap_or(token));
        }
        if token.is_due() && self.desk.try_lock().is_ok() {
            // Whether it worked shows in the next token.
            tokio::spawn(Arc::clone(self).renewing(token.generation));
        }
        Ok(token)
    }

    /// A token that came after that of `generation`.
    ///
    /// # Errors
    /// When the login fails, or failed a short while ago.
    pub async fn newer_than(self: &Arc<Self>, generation: u64) -> Result<Token, Fault> {
        // A task of its own: whoever waits may be dropped, and the answer shall
        // not be lost, because it counts.
        tokio::spawn(Arc::clone(self).renewing(generation)).await.map_err(|_| Fault::Internal)?
    }

    /// [`Login::renew`] without its type, which would hold itself: a login is
    /// asked for by a client, and a client may need a login.
    fn renewing(self: Arc<Self>, generation: u64) -> Pin<Box<dyn Future<Output = Result<Token, Fault>> + Send>> {
        Box::pin(async move { self.renew(generation).await })
    }

    /// The token as it is, whether or not it is due.
    pub fn current(&self) -> Option<Token> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn renew(&self, generation: u64) -> Result<Token, Fault> {
        let mut desk = self.desk.lock().await;
        if let Some(token) = self.current().filter(|token| token.generation > generation) {
            return Ok(token);
        }
        let username = self.call.username.reveal().map_err(Fault::Secret)?;
        let password = self.call.password.reveal().map_err(Fault::Secret)?;
        let print = Print::of(&username, &password);
        let is_other = desk.refused_with.is_some_and(|refused| refused != print);
        if let Some((until, fault)) = &desk.rest
            && Instant::now() < *until
            && !is_other
        {
            return Err(fault.clone());
        }
        let since = Instant::now();
        match self.ask(&username, &password).await {
            Ok((value, life)) => {
                *desk = Desk { generation: desk.generation + 1, ..Desk::default() };
                let token = Token { value, generation: desk.generation, since, life };
                *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
                tracing::info!(login = self.id, life_secs = life.map(|life| life.as_secs()), "logged in");
                Ok(token)
            }
            Err(fault) => {
                let is_refusal = is_refusal(&fault);
                let wait = if is_refusal {
                    desk.backoff.after_refusal(self.call.pace)
                } else {
                    desk.backoff.after_failure(fault.retry_after())
                };
                desk.refused_with = is_refusal.then_some(print);
                let rest = is_refusal.then_some(wait);
                let fault = Fault::Login { id: self.id.clone(), reason: fault.to_string(), rest };
                tracing::warn!(login = self.id, %fault, wait_secs = wait.as_secs(), "no token");
                desk.rest = Some((Instant::now() + wait, fault.clone()));
                Err(fault)
            }
        }
    }

    /// Logs in once; the token and its life.
    async fn ask(&self, username: &str, password: &str) -> Result<(String, Option<Duration>), Fault> {
        let (content_type, bytes) =
            body::rendered(&self.call.body, Time::system_now(), &self.zone, |name| match name {
                "username" => username.to_owned(),
                "password" => password.to_owned(),
                _ => String::new(),
            });
        let mut request = self.client.post(self.client.url().clone(), content_type, bytes).await?;
        if self.call.is_basic {
            // RFC 6749, 2.3.1: both are form-encoded first.
            request = request.basic_auth(body::form_encoded(username), Some(body::form_encoded(password)));
        }
        let response = self.client.send(request).await?;
        let status = check_status(&response);
        let date = response.headers().get(DATE).and_then(|date| http_date(date.to_str().ok()?));
        let until = Instant::now() + secs(self.call.deadlines.whole_secs);
        let answer = self.client.body(response, MAX_ANSWER_BYTES, until).await;
        let answer = answer.map(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        // A back end may repeat what it was sent.
        let hide = |words: &str| {
            let shown = [password, username].into_iter().filter(|secret| !secret.is_empty());
            shown.fold(words.to_owned(), |words, secret| words.replace(secret, "…"))
        };
        if let Err(fault) = status {
            let said = answer.ok().flatten().and_then(|answer| refusal(&answer, &hide));
            return Err(match (said, &fault) {
                // Some say with 500 that the password is wrong.
                (Some(said), Fault::Status { status: 400..=403 | 500, .. }) => said,
                _ => fault,
            });
        }
        let Some(answer) = answer? else { return Err(Fault::Malformed("登录的应答不是 JSON".into())) };
        let token = match answer.pointer(&self.call.token) {
            Some(Value::String(token)) if !token.trim().is_empty() => token.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            _ => {
                let missing = || Fault::NotData(format!("登录的应答中没有 {}", self.call.token));
                return Err(refusal(&answer, &hide).unwrap_or_else(missing));
            }
        };
        let expires = self.call.expires.as_ref().and_then(|pointer| number(answer.pointer(pointer)?));
        let life = expires.and_then(|expires| life(expires, date.unwrap_or_else(Time::system_now)));
        Ok((token, life.or(self.call.lifetime_secs.map(secs))))
    }
}

/// What a back end says about why it gave no token.
fn refusal(answer: &Value, hide: &impl Fn(&str) -> String) -> Option<Fault> {
    let text = |names: &[&str]| {
        names.iter().find_map(|name| match answer.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    };
    let code = text(&["code", "error", "errcode", "status"])?;
    let message = text(&["msg", "message", "error_description", "errmsg"]).unwrap_or_default();
    Some(Fault::refused(hide(&code), &hide(&message)))
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// The life of a token. An instant is held against the clock of the server
/// that wrote it, `server_now`; ours may be wrong.
fn life(expires: f64, server_now: Time) -> Option<Duration> {
    let secs = if expires >= FIRST_MILLIS {
        (expires - server_now.0 as f64) / 1e3
    } else if expires >= FIRST_INSTANT {
        expires - server_now.0 as f64 / 1e3
    } else {
        expires
    };
    // 0 and -1 are how some say "for ever".
    (secs > 0.0).then(|| Duration::try_from_secs_f64(secs).ok()).flatten()
}

/// Whether trying again with the same name and password does harm.
fn is_refusal(fault: &Fault) -> bool {
    match fault {
        Fault::Status { status, .. } => {
            let soon = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
            (300..500).contains(status) && !soon.iter().any(|code| code.as_u16() == *status)
        }
        Fault::Refused { code, .. } => !matches!(code.as_str(), "429" | "502" | "503" | "504"),
        // A whole answer without a token: a login page, a redirect to one.
        Fault::NotData(_)
        | Fault::Malformed(_)
        | Fault::WebPage
        | Fault::TooLarge { .. }
        | Fault::OtherHost { .. }
        | Fault::RedirectLoop { .. } => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
