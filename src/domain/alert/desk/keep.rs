//! What becomes of alerts with time: room for new ones, what nobody waits for any
//! more, another configuration, what is kept on disk.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Desk, Entry, MOST_STANDING, mark_of};
use crate::domain::alert::{Alert, AlertKey, AlertSeverity, Record, Rule};
use crate::domain::privacy::Masks;
use crate::domain::time::Time;

/// An alert that was over this long ago and that nobody has acknowledged goes
/// into the history as it is.
const UNSEEN_MILLIS: i64 = 3_600_000;

/// A subject of which nothing was heard for this long is gone.
const ABSENT_MILLIS: i64 = 3_600_000;

impl Desk {
    /// Makes room for an alert of this severity: what is over goes first, then,
    /// for an alarm, what is none.
    pub(super) fn make_room(&mut self, severity: AlertSeverity) -> bool {
        let all = self.books.values().flat_map(|book| book.entries.values().map(|entry| &entry.alert));
        if self.cleared > 0 {
            let over =
                all.filter(|alert| !alert.stands()).min_by_key(|alert| alert.raised).map(|alert| alert.key.clone());
            over.iter().for_each(|key| self.retire(key));
            return over.is_some();
        }
        if severity == AlertSeverity::Attention || !self.may_have_mild {
            return false;
        }
        let mild = all.filter(|alert| alert.severity == AlertSeverity::Attention);
        // Whoever has seen one need not do so again.
        let newest = mild.max_by_key(|alert| (alert.acknowledged.is_none(), alert.raised));
        let Some(key) = newest.map(|alert| alert.key.clone()) else {
            self.may_have_mild = false;
            return false;
        };
        self.take_out(&key);
        // It stands: it is told again where there is room.
        self.unlisted.insert(mark_of(&key.rule, &key.subject));
        true
    }

    /// Puts away what nobody waits for any more. To be called now and then.
    pub fn tidy(&mut self, now: Time) {
        let (mut unseen, mut gone) = (Vec::new(), Vec::new());
        for book in self.books.values_mut() {
            book.pending.retain(|_, pending| now.millis_since(pending.heard) < ABSENT_MILLIS);
            for Entry { alert, heard } in book.entries.values() {
                match alert.cleared {
                    Some(cleared) if now.millis_since(cleared) >= UNSEEN_MILLIS => unseen.push(alert.key.clone()),
                    None if now.millis_since(*heard) >= ABSENT_MILLIS => gone.push(alert.key.clone()),
                    _ => {}
                }
            }
        }
        unseen.iter().for_each(|key| self.retire(key));
        gone.iter().for_each(|key| self.see_well(&key.rule, &key.subject, now));
    }

    /// Takes over which rules there are, and how many past alerts are kept:
    /// alerts of others are over.
    pub fn follow<'a>(&mut self, rules: impl IntoIterator<Item = &'a Rule>, keep: usize, now: Time) {
        let known: HashSet<&str> = rules.into_iter().map(|rule| &*rule.id).collect();
        let others = self.books.iter().filter(|(rule, _)| !known.contains(&***rule));
        let keys: Vec<AlertKey> =
            others.flat_map(|(_, book)| book.entries.values().map(|entry| entry.alert.key.clone())).collect();
        for key in &keys {
            self.see_well(&key.rule, &key.subject, now);
            self.retire(key);
        }
        self.books.retain(|rule, _| known.contains(&**rule));
        // Whose they were is not known; they are told again.
        self.unlisted.clear();
        self.may_have_mild = true;
        self.keep = keep;
        self.history.truncate(keep);
        self.is_out_of_order = true;
    }

    /// What is worth keeping.
    pub fn record(&self) -> Record {
        Record { standing: self.queue.clone(), history: self.history.iter().cloned().collect() }
    }

    /// Takes over what was kept; what is on the desk already counts for more.
    pub fn load(&mut self, record: Record, now: Time) {
        for alert in record.standing.into_iter().take(MOST_STANDING.saturating_sub(self.entries)) {
            if self.get(&alert.key).is_none() {
                self.put(alert.key.clone(), Entry { alert, heard: now });
            }
        }
        self.history.extend(record.history);
        self.history.truncate(self.keep);
        self.is_out_of_order = true;
    }

    /// Masks all texts: what was kept may be of a wall that masked less.
    pub fn mask(&mut self, masks: &Masks, is_public: bool) {
        let entries = self.books.values_mut().flat_map(|book| book.entries.values_mut().map(|entry| &mut entry.alert));
        for alert in entries.chain(&mut self.history) {
            let mut masked = Alert::clone(alert);
            masked.mask(masks, is_public);
            if masked != **alert {
                *alert = Arc::new(masked);
                self.record_revision += 1;
            }
        }
        self.is_out_of_order = true;
    }
}
