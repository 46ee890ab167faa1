//! What the thread `quanyu-ingest` does: keeps a task running for all that the
//! latest [`Plan`] names.
//!
//! In: plans. Out: what the tasks send. A task whose run the plan no longer
//! names is ended; one that breaks down is reported and started again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{AbortHandle, Id, JoinSet};

use crate::config::Source;
use crate::config::source::Origin;
use crate::config::template::Template;
use crate::domain::health::SourceId;
use crate::domain::tiles::TileSetId;
use crate::domain::time::Time;

use super::RESTART_AFTER;
use super::client::Client;
use super::decode::Decoder;
use super::fault::Fault;
use super::gate::Gate;
use super::http;
use super::kept::Kept;
use super::login::Logins;
use super::outlet::{Outlet, Reporter, Run};
use super::pictures::PictureDesk;
use super::plan::{Plan, Planned};
use super::tiles::TileDesk;
use super::worker::Worker;

/// See the module.
pub(super) struct Work {
    pub(super) desk: PictureDesk,
    pub(super) tile_desk: TileDesk,
    pub(super) gate: Gate,
    pub(super) outlet: Outlet,
    pub(super) kept: Option<Kept>,
    pub(super) logins: Logins,
}

/// The tasks that are running.
#[derive(Default)]
struct Tasks {
    set: JoinSet<()>,
    running: HashMap<Id, (Run, AbortHandle)>,
    /// Runs that were started, whether or not they have ended by themselves.
    started: BTreeSet<Run>,
}

impl Work {
    /// Follows the plans until the wall is gone.
    pub(super) async fn run(mut self, mut plans: watch::Receiver<Arc<Plan>>) {
        let mut tasks = Tasks::default();
        loop {
            let plan = Arc::clone(&plans.borrow_and_update());
            self.follow(&plan, &mut tasks);
            loop {
                tokio::select! {
                    changed = plans.changed() => match changed {
                        Ok(()) => break,
                        Err(_) => return,
                    },
                    Some(ended) = tasks.set.join_next_with_id() => match ended {
                        Ok((id, ())) => _ = tasks.running.remove(&id),
                        Err(error) => {
                            if let Some((run, _)) = tasks.running.remove(&error.id()) {
                                self.mend(&plan, run, &mut tasks, &error);
                            }
                        }
                    },
                }
            }
        }
    }

    /// Ends what the plan does not name, starts what it names anew.
    fn follow(&mut self, plan: &Arc<Plan>, tasks: &mut Tasks) {
        let wanted: BTreeSet<Run> = plan.runs().collect();
        tasks.running.retain(|_, (run, handle)| {
            let goes_on = wanted.contains(run);
            if !goes_on {
                handle.abort();
            }
            goes_on
        });
        tasks.started.retain(|run| wanted.contains(run));
        self.logins.keep(plan.zone.clone(), &plan.credentials().collect::<Vec<_>>());
        for run in wanted {
            if tasks.started.insert(run) {
                self.start_one(plan, run, Duration::ZERO, tasks);
            }
        }
    }

    /// Reports a task that broke down, and starts it again.
    fn mend(&self, plan: &Arc<Plan>, run: Run, tasks: &mut Tasks, error: &tokio::task::JoinError) {
        let sources = plan.sources.iter().map(|source| (source.run, &source.what.id, &source.known));
        let mut named = sources.chain(plan.tiles.iter().map(|set| (set.run, &set.what.id, &set.known)));
        let found = named.find(|(of, ..)| *of == run);
        tracing::error!(source = found.map(|(_, id, _)| id.as_str()), %error, "task broke down");
        if let Some((_, id, known)) = found {
            // What came since is lost with the task; the model knows when it came.
            Reporter::new(self.outlet.of_run(run), id).knowing(known.clone()).failed(&Fault::Internal);
        }
        self.start_one(plan, run, RESTART_AFTER, tasks);
    }

    fn start_one(&self, plan: &Arc<Plan>, run: Run, after: Duration, tasks: &mut Tasks) {
        let handle = if let Some(source) = plan.sources.iter().find(|source| source.run == run) {
            tasks.set.spawn(self.run_source(plan, source, after))
        } else if let Some(place) = plan.tiles.iter().position(|set| set.run == run) {
            let (plan, desk) = (Arc::clone(plan), self.tile_desk.clone());
            let (gate, outlet, logins) = (self.gate.clone(), self.outlet.of_run(run), self.logins.clone());
            tasks.set.spawn(async move {
                tokio::time::sleep(after).await;
                if let (Some(set), Ok(id)) = (plan.tiles.get(place), TileSetId::try_from(place)) {
                    let reporter = Reporter::new(outlet.clone(), &set.what.id);
                    desk.serve(id, (*set.what).clone(), gate, outlet, reporter, logins).await;
                }
            })
        } else {
            let (desk, clients) = (self.desk.clone(), self.clients(plan));
            let (gate, outlet) = (self.gate.clone(), self.outlet.of_run(run));
            tasks.set.spawn(async move {
                tokio::time::sleep(after).await;
                desk.serve(clients, gate, outlet).await;
            })
        };
        tasks.running.insert(handle.id(), (run, handle));
    }

    /// The work of one source. Ends when the model is gone, or at once when
    /// the source's address can never be used.
    fn run_source(
        &self,
        plan: &Plan,
        planned: &Planned<Source>,
        after: Duration,
    ) -> impl Future<Output = ()> + Send + use<> {
        let source = Arc::clone(&planned.what);
        let (gate, logins) = (self.gate.clone(), self.logins.clone());
        let decoder = Decoder::new(&source, &plan.zone, &plan.stages);
        let kept = self.kept.as_ref().map(|kept| kept.source(&source, &plan.zone, &plan.stages));
        let outlet = self.outlet.of_run(planned.run);
        let mut reporter = Reporter::new(outlet, &source.id).knowing(planned.known.clone()).keeping(kept);
        async move {
            tokio::time::sleep(after).await;
            if reporter.send_kept().await.is_err() {
                return;
            }
            // It may read the authorities that the system trusts.
            let making = tokio::task::spawn_blocking(move || Worker::new(&source, decoder, gate, &logins));
            match making.await.unwrap_or(Err(Fault::Internal)) {
                // The other end closed: nobody is left to tell.
                Ok(worker) => _ = worker.run(reporter).await,
                Err(fault) => reporter.failed(&fault),
            }
        }
    }

    /// The clients of HTTP sources, for pictures.
    fn clients(&self, plan: &Plan) -> Arc<BTreeMap<SourceId, Client>> {
        let client = |source: &Source| match &source.origin {
            Origin::Http { url, headers, access, deadlines, .. } | Origin::Sse { url, headers, access, deadlines } => {
                let address = Template::parse(url, &[]).ok()?;
                let url = http::expanded(&address, Time::system_now(), &self.logins.zone);
                Client::with_access(&url, headers, *deadlines, access, &self.logins).ok()
            }
            Origin::Service(service) => {
                let (url, headers) = (&service.url, &service.headers);
                Client::with_access(url, headers, service.deadlines, &service.access, &self.logins).ok()
            }
            Origin::File { .. } | Origin::WebSocket(_) | Origin::Mqtt(_) | Origin::Postgres(_) => None,
        };
        let known =
            plan.sources.iter().filter_map(|source| Some((SourceId::of(&source.what.id), client(&source.what)?)));
        Arc::new(known.collect())
    }
}
