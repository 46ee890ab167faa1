//! Events for alerts: judged one by one, when they change and when their time
//! has come.
//!
//! In: which events changed, the rules about events. Out: verdicts at the desk.
//!
//! How it works: what is known of an event lies in the store, so that a key is
//! all that has to wait its turn here. A condition that comes to hold by itself
//! (past due, long enough in a stage) is looked at again at that instant. Where
//! rules or areas are others, or too much changed to be noted, a task looks for
//! the few that any rule concerns among all.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};

use super::{Around, facts};
use crate::config::{AlertRule, AlertSubject};
use crate::domain::alert::condition::PreparedCondition;
use crate::domain::alert::{Desk, Verdict};
use crate::domain::event_store::{Course, EventKey};
use crate::domain::time::Time as Instant1970;
use crate::model::Events;
use crate::model::events::Touched;

/// How long one frame may spend on judging events.
const JUDGE_BUDGET: Duration = Duration::from_millis(2);

/// Events judged between two looks at the time that is left.
const JUDGED_AT_ONCE: usize = 64;

/// Instants that are kept in mind at which an event is to be judged again; with
/// more, all are looked through every minute.
const MAX_TIMERS: usize = 200_000;

/// Shortest time between two looks through all events because of a flood.
const LOOK_MILLIS: i64 = 10_000;

/// See the module.
#[derive(Default)]
pub(super) struct EventWatch {
    /// Indices of rules about events, each with its condition.
    rules: Vec<(usize, PreparedCondition)>,
    /// Number of classes and revision of the areas that those were prepared for.
    prepared_for: Option<(usize, u64)>,
    timers: BTreeSet<(Instant1970, EventKey)>,
    has_lost_timers: bool,
    /// To be judged, the next one last.
    waiting: Vec<EventKey>,
    wants_look: bool,
    looked: Instant1970,
    looking: Option<Task<Vec<EventKey>>>,
    scratch: Course,
}

impl EventWatch {
    /// Whether something is being worked out.
    pub(super) fn is_looking(&self) -> bool {
        self.looking.is_some() || !self.waiting.is_empty()
    }

    /// Looks through all events again: the rules are others, or there is room for
    /// alerts that were only counted.
    pub(super) fn look_again(&mut self, are_rules_new: bool) {
        self.wants_look = true;
        if are_rules_new {
            self.prepared_for = None;
            self.looking = None;
            self.looked = Instant1970::default();
            self.timers.clear();
        }
    }

    /// Judges what changed and what is due, as far as a frame allows.
    pub(super) fn judge(&mut self, desk: &mut Desk, events: &mut Events, around: &Around, is_minute: bool) {
        let rules = &around.config.0.alerting.rules;
        let is_any = rules.iter().any(|rule| matches!(rule.subject, AlertSubject::Event(_)));
        events.watch(is_any);
        if !is_any {
            *self = Self::default();
            return;
        }
        let now = around.clock.system();
        self.prepare(rules, events, around);
        let Touched { keys, is_cut } = events.take_touched();
        self.waiting.extend(keys);
        self.wants_look |= is_cut || is_minute && self.has_lost_timers;
        if is_minute {
            // What stands is heard of, and what stands no more is seen, whatever
            // change was missed.
            for (rule, _) in &self.rules {
                self.waiting.extend(desk.subjects(&rules[*rule].rule.id).iter().map(|id| EventKey::of(id)));
            }
        }
        while let Some(&(due, key)) = self.timers.first().filter(|(due, _)| *due <= now) {
            self.timers.remove(&(due, key));
            self.waiting.push(key);
        }
        self.look(events, around, now);
        let started = Instant::now();
        while !self.waiting.is_empty() && started.elapsed() < JUDGE_BUDGET {
            for _ in 0..JUDGED_AT_ONCE {
                let Some(key) = self.waiting.pop() else { break };
                self.judge_one(key, desk, events, around, now);
            }
        }
        if !self.waiting.is_empty() {
            (around.waker.0)();
        }
    }

    fn prepare(&mut self, rules: &[AlertRule], events: &Events, around: &Around) {
        let classes = events.store.classes();
        let wanted = (classes.all().len(), around.areas.revision);
        if self.prepared_for == Some(wanted) {
            return;
        }
        // Classes come with events, which are judged then; areas move them.
        self.wants_look |= self.prepared_for.is_none_or(|(_, areas)| areas != wanted.1);
        self.prepared_for = Some(wanted);
        let tree = &around.areas.tree;
        let stage_count = around.config.0.closed_loop.stages.len();
        let prepared = |(index, rule): (usize, &AlertRule)| {
            let AlertSubject::Event(condition) = &rule.subject else { return None };
            let area = match &rule.rule.area {
                // Without its area a rule says nothing of anything.
                Some(code) => Some(tree.find(code)?),
                None => None,
            };
            Some((index, condition.prepare(classes, tree, area, stage_count)))
        };
        self.rules = rules.iter().enumerate().filter_map(prepared).collect();
    }

    /// Has all events looked through where that is wanted, and takes over what
    /// was found.
    fn look(&mut self, events: &Events, around: &Around, now: Instant1970) {
        if let Some(found) = self.looking.as_mut().and_then(|task| block_on(poll_once(task))) {
            self.looking = None;
            self.waiting.extend(found);
        }
        let is_early = now.0.abs_diff(self.looked.0) < LOOK_MILLIS as u64;
        // What is still to come is told event by event.
        if !self.wants_look || self.looking.is_some() || is_early || events.waiting() > 0 || events.store.is_empty() {
            return;
        }
        self.wants_look = false;
        self.has_lost_timers = false;
        self.looked = now;
        let conditions: Vec<PreparedCondition> = self.rules.iter().map(|(_, condition)| condition.clone()).collect();
        let (snapshot, waker) = (events.store.snapshot(), around.waker.clone());
        self.looking = Some(AsyncComputeTaskPool::get().spawn(async move {
            let mut scratch = Course::default();
            let mut concerns =
                |event| conditions.iter().any(|condition| condition.begins(event, &mut scratch).is_some());
            let all = snapshot.between(Instant1970(i64::MIN), Instant1970(i64::MAX));
            // Taken from the end: the oldest first.
            let found = all.rev().filter(|event| concerns(*event)).map(|event| event.key()).collect();
            (waker.0)();
            found
        }));
    }

    /// Says at the desk what each rule makes of an event. One that is not there
    /// (yet) is nothing to say of.
    fn judge_one(&mut self, key: EventKey, desk: &mut Desk, events: &Events, around: &Around, now: Instant1970) {
        let Some(event) = events.store.by_key(key) else { return };
        let config = &around.config.0;
        let mut id: Option<Arc<str>> = None;
        for (index, condition) in &self.rules {
            let rule = &config.alerting.rules[*index].rule;
            let begins = condition.begins(event, &mut self.scratch);
            let raised = begins.map(|begins| begins.plus_millis(rule.hold_millis));
            if let Some(later) = raised.filter(|&raised| raised > now) {
                if self.timers.len() < MAX_TIMERS {
                    self.timers.insert((later, key));
                } else {
                    self.has_lost_timers = true;
                }
            }
            let holds = raised.is_some_and(|raised| raised <= now);
            if !holds && !desk.knows(&rule.id) {
                continue;
            }
            let id = id.get_or_insert_with(|| event.id().into());
            let verdict = if holds { Verdict::Holds(begins) } else { Verdict::Not };
            let facts = || facts::of_event(event, &around.areas.tree, &config.closed_loop.stages, now);
            desk.see(rule, id, verdict, now, facts);
        }
    }
}
