//! What a source shows with each request.
//!
//! In: the credentials of a source. Out: headers and query parameters of one
//! request; after a 401, whether asking again is worth it.
//!
//! How it works: a token that a source was refused with is renewed, once for
//! all who share it, but only when it is half a minute old: a source that is
//! refused with a fresh token has no right to its data, and a new login will
//! not help. For such a source that time doubles, up to a quarter of an hour.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use crate::config::access::{Credential, LoginCall, Scheme};
use crate::config::template::{Placeholder, Template};
use crate::domain::time::Time;

use super::backoff::Print;
use super::body::form_encoded;
use super::client::secs;
use super::fault::Fault;
use super::login::{Login, Logins, Token};
use super::signature::{Shown, nonce, sign};

/// The credentials of one source.
#[derive(Clone, Debug)]
pub struct Pass {
    credential: Arc<Credential>,
    logins: Logins,
    /// The login that it needs, with what this source went through.
    login: Option<(Arc<Login>, Arc<Mutex<Standing>>)>,
}

/// What a source went through with the tokens of a login.
#[derive(Debug)]
struct Standing {
    /// Generation that was shown last.
    shown: u64,
    /// Generation that was refused.
    refused: u64,
    /// Generation that was got because another was refused.
    renewed: u64,
    /// Age that a token must have before its refusal counts.
    least_age: Duration,
}

impl Standing {
    fn new(call: &LoginCall) -> Self {
        Self { shown: 0, refused: 0, renewed: 0, least_age: secs(call.pace.least_age_secs) }
    }
}

impl Pass {
    /// The pass of a source; sources with the same credentials share a login.
    ///
    /// # Errors
    /// When the login's address is none.
    pub fn new(credential: &Arc<Credential>, logins: &Logins) -> Result<Self, Fault> {
        let login = match &credential.scheme {
            Scheme::Login(call) => Some((logins.of(&credential.id, call)?, Arc::new(Mutex::new(Standing::new(call))))),
            _ => None,
        };
        Ok(Self { credential: Arc::clone(credential), logins: logins.clone(), login })
    }

    /// Stands for the name and the password, if it is that.
    pub fn password_print(&self) -> Option<Print> {
        match &self.credential.scheme {
            Scheme::Basic { username, password } => Some(Print::now(Some(username), Some(password))),
            _ => None,
        }
    }

    /// Adds to a request what it has to show.
    ///
    /// # Errors
    /// When a secret or token is missing.
    pub async fn show(&self, method: &Method, url: &mut Url, headers: &mut HeaderMap) -> Result<(), Fault> {
        let authorization = |value: String| Shown { headers: vec![(AUTHORIZATION.to_string(), value)], query: vec![] };
        let shown = match &self.credential.scheme {
            Scheme::Basic { username, password } => {
                let username = username.reveal().map_err(Fault::Secret)?;
                let password = password.reveal().map_err(Fault::Secret)?;
                authorization(format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{password}"))))
            }
            Scheme::Bearer { token } => {
                let token = token.reveal().map_err(Fault::Secret)?;
                // Files made for `headers` hold the whole value.
                authorization(format!("Bearer {}", token.strip_prefix("Bearer ").unwrap_or(&token)))
            }
            Scheme::Signature(signature) => {
                let now = (Time::system_now(), &self.logins.zone);
                sign(signature, method.as_str(), url, now, &nonce())?
            }
            Scheme::Login(_) => match &self.login {
                Some((login, standing)) => self.placed(login.call(), &current(login, standing).await?.value),
                None => return Err(Fault::Internal),
            },
        };
        for (name, value) in shown.headers {
            let unusable = || Fault::Unusable(format!("凭据 {} 的请求头 {name}", self.credential.id));
            let mut value = HeaderValue::from_str(&value).map_err(|_| unusable())?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?, value);
        }
        for (name, value) in shown.query {
            set_query(url, &name, &value);
        }
        Ok(())
    }

    /// Where a token goes.
    fn placed(&self, call: &LoginCall, token: &str) -> Shown {
        let fill = |templates: &[(String, Template)]| {
            let filled = templates.iter().map(|(name, template)| {
                let value = template.expand(|placeholder| match placeholder {
                    Placeholder::Name(_) => token.to_owned(),
                    Placeholder::Moment(moment) => moment.render(Time::system_now(), &self.logins.zone),
                });
                (name.clone(), value)
            });
            filled.collect()
        };
        Shown { headers: fill(&call.place.headers), query: fill(&call.place.query) }
    }

    /// After a request was answered with 401: whether there is another token to
    /// try now.
    ///
    /// # Errors
    /// When one is due and the login fails.
    pub async fn renewed(&self) -> Result<bool, Fault> {
        let Some((login, standing)) = &self.login else { return Ok(false) };
        self.refused();
        let (shown, least_age) = {
            let standing = lock(standing);
            (standing.shown, standing.least_age)
        };
        match login.current() {
            Some(token) if token.generation == shown && token.age() < least_age => Ok(false),
            _ => {
                let token = login.newer_than(shown).await?;
                lock(standing).renewed = token.generation;
                Ok(true)
            }
        }
    }

    /// After a request was answered with 401: remembers it.
    pub fn refused(&self) {
        let Some((login, standing)) = &self.login else { return };
        let mut standing = lock(standing);
        if standing.shown == standing.renewed && standing.refused != standing.shown {
            // A fresh token did not help.
            let longest = secs(login.call().pace.longest_age_secs);
            standing.least_age = (standing.least_age * 2).min(longest);
        }
        standing.refused = standing.shown;
    }

    /// After a good answer.
    pub fn accepted(&self) {
        let Some((login, standing)) = &self.login else { return };
        let mut standing = lock(standing);
        if standing.refused == standing.shown && standing.shown == standing.renewed {
            // A fresh token, with which something else was refused: that will
            // not get better with another one.
            return;
        }
        (standing.refused, standing.renewed) = (0, 0);
        standing.least_age = secs(login.call().pace.least_age_secs);
    }
}

fn lock(standing: &Mutex<Standing>) -> std::sync::MutexGuard<'_, Standing> {
    standing.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The token to show. One that this source was refused with is not shown
/// again, but for being young.
async fn current(login: &Arc<Login>, standing: &Mutex<Standing>) -> Result<Token, Fault> {
    let mut token = login.token().await?;
    let (refused, least_age) = {
        let standing = lock(standing);
        (standing.refused, standing.least_age)
    };
    let is_renewal = token.generation == refused && token.age() >= least_age;
    if is_renewal {
        token = login.newer_than(refused).await?;
    }
    let mut standing = lock(standing);
    standing.shown = token.generation;
    if is_renewal {
        standing.renewed = token.generation;
    }
    Ok(token)
}

/// Sets one query parameter and keeps the others as they are written: what was
/// signed is sent, and what is in another encoding stays in it.
pub fn set_query(url: &mut Url, name: &str, value: &str) {
    let written = url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let others = written.zip(url.query_pairs()).filter(|(_, (key, _))| key != name).map(|(pair, _)| pair.to_owned());
    let own = format!("{}={}", form_encoded(name), form_encoded(value));
    let query: Vec<String> = others.chain([own]).collect();
    url.set_query(Some(&query.join("&")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_parameter_is_set_once_and_others_stay() {
        let mut url = Url::parse("http://h/p?a=1&page=9&b=%E5%8C%BA").unwrap();
        set_query(&mut url, "page", "2");
        assert_eq!(url.as_str(), "http://h/p?a=1&b=%E5%8C%BA&page=2");
        // Neither spelled anew nor read in an encoding that it is not in.
        let mut url = Url::parse("http://h/p?page=9&a=x%20y&flag&&c=%C7%F8").unwrap();
        set_query(&mut url, "page", "第 2");
        assert_eq!(url.as_str(), "http://h/p?a=x%20y&flag&c=%C7%F8&page=%E7%AC%AC+2");
    }
}
