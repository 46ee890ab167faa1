//! The desk on which alerts lie until somebody has seen them.
//!
//! In: verdicts about subjects, acknowledgements, the time. Out: the queue, the
//! history, counts, and what takes the wall over next.
//!
//! How it works: alerts lie in a book per rule, by subject, so that a subject of
//! which nothing is to be said costs one look. The queue is put in order once
//! after all verdicts of an instant. At most [`MOST_STANDING`] alerts lie there;
//! of more it is only known which they are, and whoever judges is asked to say
//! them again once there is room.

mod keep;

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::{Acknowledgement, Alert, AlertKey, AlertSeverity, Facts, Rule, Verdict};
use crate::domain::time::Time;

/// Alerts that lie on the desk at once: more than anybody reads.
pub const MOST_STANDING: usize = 2_000;

/// Alerts without room that are told apart.
const MOST_COUNTED: usize = 100_000;

/// A condition that holds again so soon after an alert was over is still that
/// alert.
const REST_MILLIS: i64 = 60_000;

/// Past alerts among which that one is looked for.
const RECENT: usize = 100;

/// What began longer ago does not take the wall over: a wall that starts has a
/// whole past to tell.
pub const FRESH_MILLIS: i64 = 30 * 60_000;

/// Past alerts that are kept where nobody said how many.
const USUAL_KEEP: usize = 500;

/// How many alerts there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Whose condition holds.
    pub standing: usize,
    /// That nobody has acknowledged, standing or not.
    pub unacknowledged: usize,
    /// Alarms among those.
    pub alarms: usize,
    /// For which there is no room.
    pub unlisted: usize,
}

/// One alert on the desk.
#[derive(Clone, Debug)]
struct Entry {
    alert: Arc<Alert>,
    /// When something was last heard of its subject.
    heard: Time,
}

/// A condition that has held since some instant, for too short a time yet.
#[derive(Clone, Copy, Debug)]
struct Pending {
    since: Time,
    heard: Time,
}

/// The alerts of a rule, by subject.
#[derive(Clone, Debug, Default)]
struct Book {
    entries: HashMap<Arc<str>, Entry>,
    pending: HashMap<Arc<str>, Pending>,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Desk {
    books: HashMap<Arc<str>, Book>,
    /// Entries in all books.
    entries: usize,
    /// Of them, those that are over and that nobody has acknowledged.
    cleared: usize,
    /// Whether some of them may be no alarms.
    may_have_mild: bool,
    /// Marks of alerts without room.
    unlisted: HashSet<u64>,
    has_room_again: bool,
    queue: Vec<Arc<Alert>>,
    is_out_of_order: bool,
    history: VecDeque<Arc<Alert>>,
    keep: usize,
    counts: Counts,
    calls: u64,
    revision: u64,
    record_revision: u64,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            books: HashMap::new(),
            entries: 0,
            cleared: 0,
            may_have_mild: false,
            unlisted: HashSet::new(),
            has_room_again: false,
            queue: Vec::new(),
            is_out_of_order: false,
            history: VecDeque::new(),
            keep: USUAL_KEEP,
            counts: Counts::default(),
            calls: 0,
            revision: 0,
            record_revision: 0,
        }
    }
}

/// Stands for a key among those that are only counted.
fn mark_of(rule: &str, subject: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (rule, subject).hash(&mut hasher);
    hasher.finish()
}

/// Unacknowledged before acknowledged, alarms first, what stands before what is
/// over, the oldest first.
fn rank(alert: &Alert) -> (bool, bool, bool, Time, &AlertKey) {
    let is_mild = alert.severity == AlertSeverity::Attention;
    (alert.acknowledged.is_some(), is_mild, !alert.stands(), alert.raised, &alert.key)
}

impl Desk {
    /// Alerts that are not over, most urgent first, as of the last
    /// [`Self::arrange`].
    pub fn queue(&self) -> &[Arc<Alert>] {
        &self.queue
    }

    /// Alerts that are over, newest first.
    pub fn history(&self) -> impl ExactSizeIterator<Item = &Arc<Alert>> + '_ {
        self.history.iter()
    }

    /// How many there are, as of the last [`Self::arrange`].
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Grows with each alarm that is raised: it calls for a look.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// Grows with each change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Grows with each change that is worth keeping on disk: not with each
    /// reading.
    pub fn record_revision(&self) -> u64 {
        self.record_revision
    }

    /// The alert with this key, if it is not over.
    pub fn get(&self, key: &AlertKey) -> Option<&Arc<Alert>> {
        self.books.get(&key.rule)?.entries.get(&key.subject).map(|entry| &entry.alert)
    }

    /// Whether a rule's alert at a subject stands.
    pub fn is_standing(&self, rule: &str, subject: &str) -> bool {
        let entry = self.books.get(rule).and_then(|book| book.entries.get(subject));
        entry.is_some_and(|entry| entry.alert.stands())
    }

    /// The subjects at which a rule has alerts, or may soon.
    pub fn subjects(&self, rule: &str) -> Vec<Arc<str>> {
        let all = |book: &Book| book.entries.keys().chain(book.pending.keys()).cloned().collect();
        self.books.get(rule).map(all).unwrap_or_default()
    }

    /// Whether there is anything of which a rule could take something back.
    pub fn knows(&self, rule: &str) -> bool {
        let has_any = |book: &Book| !book.entries.is_empty() || !book.pending.is_empty();
        !self.unlisted.is_empty() || self.books.get(rule).is_some_and(has_any)
    }

    /// Whether a rule waits for its condition to have held long enough.
    pub fn is_waiting(&self, rule: &str) -> bool {
        self.books.get(rule).is_some_and(|book| !book.pending.is_empty())
    }

    /// Whether alerts for which there was no room should be told again. Asking
    /// is once.
    pub fn take_room(&mut self) -> bool {
        !self.unlisted.is_empty() && std::mem::take(&mut self.has_room_again)
    }

    /// Takes in what a rule's condition says of a subject. `facts` is asked for
    /// where there is an alert.
    pub fn see(&mut self, rule: &Rule, subject: &str, verdict: Verdict, now: Time, facts: impl FnOnce() -> Facts) {
        match verdict {
            Verdict::Holds(since) => self.see_holding(rule, subject, since, now, facts),
            other => self.see_none(rule, subject, other, now),
        }
    }

    /// Takes in that a rule's condition does not hold at a subject, or that nobody
    /// can tell.
    pub fn see_none(&mut self, rule: &Rule, subject: &str, verdict: Verdict, now: Time) {
        match verdict {
            Verdict::Holds(_) => {}
            Verdict::Not => self.see_well(&rule.id, subject, now),
            Verdict::Unknown => {
                let Some(book) = self.books.get_mut(&rule.id) else { return };
                if let Some(entry) = book.entries.get_mut(subject) {
                    entry.heard = now;
                }
                if let Some(pending) = book.pending.get_mut(subject) {
                    pending.heard = now;
                }
            }
        }
    }

    fn see_holding(
        &mut self,
        rule: &Rule,
        subject: &str,
        since: Option<Time>,
        now: Time,
        facts: impl FnOnce() -> Facts,
    ) {
        let book = self.books.entry(Arc::clone(&rule.id)).or_default();
        let known = book.entries.get_mut(subject);
        if let Some(entry) = known.filter(|entry| entry.alert.stands()) {
            entry.heard = now;
            if refresh(&mut entry.alert, rule, facts()) {
                self.is_out_of_order = true;
            }
            return;
        }
        let since = since.unwrap_or_else(|| book.pending.get(subject).map_or(now, |pending| pending.since));
        if now.millis_since(since) < rule.hold_millis {
            match book.pending.get_mut(subject) {
                Some(pending) => *pending = Pending { since, heard: now },
                None => drop(book.pending.insert(subject.into(), Pending { since, heard: now })),
            }
            return;
        }
        book.pending.remove(subject);
        let raised = since.plus_millis(rule.hold_millis).min(now);
        if book.entries.contains_key(subject) {
            self.raise_again(rule, subject, raised, now, facts());
        } else {
            self.raise(rule, subject, raised, now, facts);
        }
    }

    /// One that was over and that nobody has acknowledged: it was not worth a
    /// second place in the queue, but it is worth a second look.
    fn raise_again(&mut self, rule: &Rule, subject: &str, raised: Time, now: Time, facts: Facts) {
        let Some(entry) = self.books.get_mut(&rule.id).and_then(|book| book.entries.get_mut(subject)) else { return };
        entry.heard = now;
        refresh(&mut entry.alert, rule, facts);
        let alert = Arc::make_mut(&mut entry.alert);
        let rested = alert.cleared.take().is_some_and(|cleared| raised.millis_since(cleared) >= REST_MILLIS);
        alert.times += 1;
        alert.wants_wall |= rested && rule.takeover_secs.is_some();
        self.cleared -= 1;
        self.calls += u64::from(rule.severity == AlertSeverity::Alarm);
        self.note();
    }

    fn raise(&mut self, rule: &Rule, subject: &str, raised: Time, now: Time, facts: impl FnOnce() -> Facts) {
        if self.entries >= MOST_STANDING && !self.make_room(rule.severity) {
            if self.unlisted.len() < MOST_COUNTED && self.unlisted.insert(mark_of(&rule.id, subject)) {
                self.is_out_of_order = true;
            }
            return;
        }
        self.forget_mark(&rule.id, subject);
        let key = AlertKey { rule: Arc::clone(&rule.id), subject: subject.into() };
        let alert = match self.take_back(&key, raised) {
            Some(mut alert) => {
                refresh(&mut alert, rule, facts());
                let same = Arc::make_mut(&mut alert);
                same.cleared = None;
                same.times += 1;
                alert
            }
            None => Arc::new(Alert {
                key: key.clone(),
                severity: rule.severity,
                title: rule.name.clone(),
                facts: facts(),
                raised,
                cleared: None,
                acknowledged: None,
                times: 1,
                wants_wall: rule.takeover_secs.is_some() && now.millis_since(raised) < FRESH_MILLIS,
            }),
        };
        self.calls += u64::from(rule.severity == AlertSeverity::Alarm && alert.acknowledged.is_none());
        self.put(key, Entry { alert, heard: now });
        self.note();
    }

    fn put(&mut self, key: AlertKey, entry: Entry) {
        self.may_have_mild |= entry.alert.severity == AlertSeverity::Attention;
        self.cleared += usize::from(!entry.alert.stands());
        let before = self.books.entry(key.rule).or_default().entries.insert(key.subject, entry);
        match before {
            Some(before) => self.cleared -= usize::from(!before.alert.stands()),
            None => self.entries += 1,
        }
    }

    /// Takes the alert of this key out of the history where it was acknowledged
    /// and has been over for a moment only.
    fn take_back(&mut self, key: &AlertKey, raised: Time) -> Option<Arc<Alert>> {
        let is_same = |past: &Arc<Alert>| {
            past.key == *key
                && past.acknowledged.is_some()
                && past.cleared.is_some_and(|cleared| raised.millis_since(cleared) < REST_MILLIS)
        };
        let place = self.history.iter().take(RECENT).position(is_same)?;
        self.history.remove(place)
    }

    fn see_well(&mut self, rule: &str, subject: &str, now: Time) {
        self.forget_mark(rule, subject);
        let Some(book) = self.books.get_mut(rule) else { return };
        book.pending.remove(subject);
        let Some(entry) = book.entries.get_mut(subject) else { return };
        entry.heard = now;
        if !entry.alert.stands() {
            return;
        }
        let alert = Arc::make_mut(&mut entry.alert);
        alert.cleared = Some(now.max(alert.raised));
        if alert.acknowledged.is_some() {
            let key = alert.key.clone();
            self.retire(&key);
        } else {
            self.cleared += 1;
        }
        self.note();
    }

    fn forget_mark(&mut self, rule: &str, subject: &str) {
        if !self.unlisted.is_empty() && self.unlisted.remove(&mark_of(rule, subject)) {
            self.is_out_of_order = true;
        }
    }

    /// Moves an alert into the history.
    fn retire(&mut self, key: &AlertKey) {
        let Some(alert) = self.take_out(key) else { return };
        self.history.push_front(alert);
        self.history.truncate(self.keep);
        self.note();
    }

    fn take_out(&mut self, key: &AlertKey) -> Option<Arc<Alert>> {
        let entry = self.books.get_mut(&key.rule)?.entries.remove(&key.subject)?;
        self.entries -= 1;
        self.cleared -= usize::from(!entry.alert.stands() && entry.alert.acknowledged.is_none());
        self.has_room_again = true;
        self.is_out_of_order = true;
        Some(entry.alert)
    }

    /// Somebody has seen an alert; tells whether it was there to be seen.
    pub fn acknowledge(&mut self, key: &AlertKey, by: &str, now: Time) -> bool {
        let book = self.books.get_mut(&key.rule);
        let Some(entry) = book.and_then(|book| book.entries.get_mut(&key.subject)) else { return false };
        if entry.alert.acknowledged.is_some() {
            return false;
        }
        let alert = Arc::make_mut(&mut entry.alert);
        let is_over = !alert.stands();
        if is_over {
            self.cleared -= 1;
        }
        alert.acknowledged = Some(Acknowledgement { by: by.to_owned(), at: now });
        alert.wants_wall = false;
        if is_over {
            self.retire(key);
        }
        self.note();
        true
    }

    /// Somebody has seen all of them; tells how many.
    pub fn acknowledge_all(&mut self, by: &str, now: Time) -> usize {
        let all = self.books.values().flat_map(|book| book.entries.values());
        let keys: Vec<AlertKey> =
            all.filter(|entry| entry.alert.acknowledged.is_none()).map(|entry| entry.alert.key.clone()).collect();
        keys.iter().filter(|key| self.acknowledge(key, by, now)).count()
    }

    /// The most urgent that nobody has acknowledged.
    pub fn first(&self) -> Option<&Arc<Alert>> {
        self.queue.first().filter(|alert| alert.acknowledged.is_none())
    }

    /// The one that takes the wall over next.
    pub fn next_for_wall(&self) -> Option<&Arc<Alert>> {
        let is_next = |alert: &&Arc<Alert>| alert.wants_wall && alert.stands() && alert.acknowledged.is_none();
        self.queue.iter().find(is_next)
    }

    /// An alert has had the wall.
    pub fn had_wall(&mut self, key: &AlertKey) {
        let book = self.books.get_mut(&key.rule);
        let Some(entry) = book.and_then(|book| book.entries.get_mut(&key.subject)) else { return };
        if entry.alert.wants_wall {
            Arc::make_mut(&mut entry.alert).wants_wall = false;
            self.note();
        }
    }

    fn note(&mut self) {
        self.record_revision += 1;
        self.is_out_of_order = true;
    }

    /// Puts the queue in order after what was seen; tells whether anything is
    /// another than before.
    pub fn arrange(&mut self) -> bool {
        if !std::mem::take(&mut self.is_out_of_order) {
            return false;
        }
        self.queue.clear();
        self.queue.extend(self.books.values().flat_map(|book| book.entries.values().map(|entry| entry.alert.clone())));
        self.queue.sort_unstable_by(|a, b| rank(a).cmp(&rank(b)));
        let count = |is_so: fn(&Alert) -> bool| self.queue.iter().filter(|alert| is_so(alert)).count();
        self.counts = Counts {
            standing: count(Alert::stands) + self.unlisted.len(),
            unacknowledged: count(|alert| alert.acknowledged.is_none()),
            alarms: count(|alert| alert.acknowledged.is_none() && alert.severity == AlertSeverity::Alarm),
            unlisted: self.unlisted.len(),
        };
        self.revision += 1;
        true
    }
}

/// Takes over what is known of an alert now; tells whether that is another.
fn refresh(alert: &mut Arc<Alert>, rule: &Rule, facts: Facts) -> bool {
    if alert.facts == facts && alert.severity == rule.severity && alert.title == rule.name {
        return false;
    }
    let known = Arc::make_mut(alert);
    known.facts = facts;
    known.severity = rule.severity;
    known.title.clone_from(&rule.name);
    true
}
