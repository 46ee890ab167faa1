//! From one page of an answer to the next.
//!
//! In: how a source is paged, and what each page said about itself. Out: what
//! to ask for next, until the answer is whole. Links are followed as the answer
//! wrote them (OGC API – Features, Part 1, 7.15.4: follow `next`, never compute
//! it); an answer that leads back to where it was ends with a fault.

use std::collections::HashSet;

use reqwest::Url;
use serde_json::Value;

use crate::config::access::Body;
use crate::config::source::Paging;

use super::body::{encoded, put, text_of};
use super::client::Client;
use super::credentials::set_query;
use super::decode::Document;
use super::fault::Fault;

/// Pages after which an answer counts as endless.
const MAX_PAGES: u64 = 10_000;

/// What is asked for one page.
#[derive(Clone, PartialEq)]
pub struct Question {
    /// The address.
    pub url: Url,
    /// What is posted; GET without.
    pub body: Option<Body>,
}

impl Question {
    /// Sets a parameter: of the query, or with a leading `/` of the body.
    pub fn set(&mut self, parameter: &str, value: &Value) {
        match &mut self.body {
            Some(body) if parameter.starts_with('/') => put(body, parameter, value),
            _ => set_query(&mut self.url, parameter, &text_of(value)),
        }
    }

    /// What tells two questions apart.
    fn print(&self) -> Vec<u8> {
        let mut print = self.url.as_str().as_bytes().to_vec();
        print.extend(self.body.iter().flat_map(|body| encoded(body).1));
        print
    }
}

/// Where one answer has got to.
pub struct Progress {
    /// What is asked now.
    pub question: Question,
    /// Pages that came.
    pub pages: u64,
    seen: HashSet<Vec<u8>>,
    elements: usize,
}

impl Progress {
    /// Before the first page; `question` is what all pages have in common.
    pub fn new(paging: &Paging, mut question: Question) -> Self {
        match paging {
            Paging::Links | Paging::Cursor { size: None, .. } => {}
            Paging::Number { page, size, per_page, first, .. } => {
                question.set(page, &(*first).into());
                question.set(size, &(*per_page).into());
            }
            Paging::Offset { offset, limit, per_page, .. } => {
                question.set(offset, &0.into());
                question.set(limit, &(*per_page).into());
            }
            Paging::Cursor { size: Some((size, per_page)), .. } => question.set(size, &(*per_page).into()),
        }
        Self { question, pages: 0, seen: HashSet::new(), elements: 0 }
    }

    /// Elements of the pages that came.
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// Goes on behind a page that came from `base`; whether there is more.
    ///
    /// # Errors
    /// When the answer has no end, or leads to another host.
    pub fn go_on(
        &mut self,
        (paging, max_records): (&Paging, usize),
        document: &Document,
        client: &Client,
        base: &Url,
    ) -> Result<bool, Fault> {
        self.pages += 1;
        self.elements += document.elements;
        if self.elements >= max_records {
            return Ok(false);
        }
        let is_last = |per_page: u32| match document.total {
            Some(total) => self.elements as u64 >= total || document.elements == 0,
            None => document.elements < per_page as usize,
        };
        let mut next = self.question.clone();
        match paging {
            Paging::Links => match &document.next {
                Some(href) => next.url = client.resolve(base, href)?,
                None => return Ok(false),
            },
            Paging::Number { per_page, .. } | Paging::Offset { per_page, .. } if is_last(*per_page) => {
                return Ok(false);
            }
            Paging::Number { page, first, .. } => next.set(page, &(u64::from(*first) + self.pages).into()),
            Paging::Offset { offset, .. } => next.set(offset, &self.elements.into()),
            Paging::Cursor { cursor, .. } => match &document.cursor {
                Some(place) if document.elements > 0 => next.set(cursor, place),
                _ => return Ok(false),
            },
        }
        let last = std::mem::replace(&mut self.question, next);
        self.seen.insert(last.print());
        if self.seen.contains(&self.question.print()) {
            return Err(Fault::PagingLoop(format!("第 {} 页又回到之前的页", self.pages + 1)));
        }
        if self.pages >= MAX_PAGES {
            return Err(Fault::PagingLoop(format!("超过 {MAX_PAGES} 页")));
        }
        Ok(true)
    }
}
