//! When a token is renewed, and what counts as a refusal.

use super::*;

fn token(age_secs: u64, life_secs: Option<u64>) -> Token {
    let since = Instant::now().checked_sub(Duration::from_secs(age_secs)).expect("the machine runs that long");
    Token { value: "secret".into(), generation: 1, since, life: life_secs.map(Duration::from_secs) }
}

#[test]
fn tokens_are_renewed_before_their_end() {
    for (age, life, is_due, is_over) in [
        (0, None, false, false),
        (600, None, false, false),
        (200, Some(7_200), false, false),
        (245, Some(300), true, false),
        (235, Some(300), false, false),
        (301, Some(300), true, true),
        (85, Some(100), true, false),
        // However short the life, no token is renewed at each request.
        (5, Some(1), false, false),
        (11, Some(1), true, true),
    ] {
        let token = token(age, life);
        assert_eq!((token.is_due(), token.is_over()), (is_due, is_over), "{age} of {life:?} s");
    }
}

#[test]
fn lives_are_counted_and_ends_held_against_the_clock_that_wrote_them() {
    let server_now = Time(1_755_219_600_000);
    let secs = |expires| life(expires, server_now).map(|life| life.as_secs());
    assert_eq!(secs(7_200.0), Some(7_200));
    assert_eq!(secs(1_755_219_700.0), Some(100));
    assert_eq!(secs(1_755_219_700_000.0), Some(100));
    for forever in [0.0, -1.0, 1_755_219_500.0] {
        assert_eq!(secs(forever), None, "{forever}");
    }
    assert_eq!(number(&serde_json::json!("3600")), Some(3_600.0));
    assert_eq!(number(&serde_json::json!("soon")), None);
}

#[test]
fn refusals_are_told_from_outages() {
    let status = |status| Fault::Status { status, retry_after: None };
    for fault in [status(400), status(401), status(403), status(404), Fault::refused("500".into(), "密码错误")] {
        assert!(is_refusal(&fault), "{fault}");
    }
    let broken = Fault::Broken { received: 0, reason: String::new() };
    for fault in [status(408), status(429), status(500), status(503), Fault::refused("429".into(), ""), broken] {
        assert!(!is_refusal(&fault), "{fault}");
    }
}

#[test]
fn words_of_a_refusal_do_not_repeat_what_was_sent() {
    let hide = |words: &str| words.replace("hunter2", "…");
    let answer = serde_json::json!({"error": "invalid_grant", "error_description": "bad password hunter2"});
    let fault = refusal(&answer, &hide).expect("a refusal").to_string();
    assert_eq!(fault, "后端返回业务码 invalid_grant:bad password …");
    assert!(refusal(&serde_json::json!({"data": {}}), &hide).is_none());
}

#[test]
fn a_token_is_shared_as_long_as_the_credentials_are_the_same() {
    let text = |url: &str| {
        format!(
            "[[credentials]]\nid = \"c\"\nkind = \"login\"\nurl = \"{url}\"\nusername = \"u\"\n\
             password = {{ env = \"P\" }}\n[[sources]]\nid = \"a\"\nfeed = \"events\"\nkind = \"http\"\n\
             url = \"http://h/\"\ncredentials = \"c\"\n"
        )
    };
    let call = |url: &str| {
        let config = crate::config::Config::parse(&text(url), std::path::Path::new("/t.toml")).expect("is valid");
        let access = config.sources[0].origin.access().expect("of HTTP").credentials.clone().expect("has some");
        match &access.scheme {
            crate::config::access::Scheme::Login(call) => (**call).clone(),
            other => panic!("{other:?}"),
        }
    };
    let mut logins = Logins::new(TimeZone::UTC);
    let of = |logins: &Logins, url: &str| logins.of("c", &call(url)).expect("an address");
    let first = of(&logins, "http://h/login");
    logins.keep(TimeZone::UTC, &["c"]);
    assert!(Arc::ptr_eq(&first, &of(&logins, "http://h/login")));
    assert!(!Arc::ptr_eq(&first, &of(&logins, "http://h/other")), "edited");
    let second = of(&logins, "http://h/other");
    logins.keep(TimeZone::UTC, &[]);
    assert!(!Arc::ptr_eq(&second, &of(&logins, "http://h/other")), "nobody showed it any more");
}
