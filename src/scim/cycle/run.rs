//! One run: the locks, the steps, the clean-up, and the result.

use super::full::FullCycle;
use super::journal::{Entry, LastRun};
use super::locks;
use super::names::Names;
use super::profile::ChangeBy;
use super::report::{Grade, Report, Step, StepReport, Stop};
use super::resource::{field, total};
use super::sender::Sender;
pub use super::state::Order;
use super::state::{Ledger, Run, uses_again};
use super::{cleanup, look};

impl FullCycle<'_> {
    /// Runs the cycle. Nothing is written before every lock is open.
    pub async fn run(self, order: Order<'_>) -> Report {
        let mut steps = Vec::new();
        let (sent, leftovers) = match self.run_into(order, &mut steps).await {
            Ok(counts) => counts,
            Err(stop) => {
                steps.push(stop.into());
                (0, 0)
            }
        };
        Report {
            run: order.run.to_owned(),
            steps,
            requests: sent,
            leftovers,
        }
    }

    async fn run_into(
        self,
        order: Order<'_>,
        steps: &mut Vec<StepReport>,
    ) -> Result<(u32, usize), Stop> {
        let access = self.access(order.token).await?;
        let ledger = Ledger::open(order, &self.rules.config, self.endpoint.clock.now()).await?;
        let mut run = Run {
            cycle: self,
            order,
            send: Sender::new(self.endpoint, &access, &self.rules.config),
            names: self.names(order),
            ledger,
            by_put: self.rules.config.change_by == ChangeBy::Put,
            is_rewritten: false,
            steps,
        };
        let stopped = run.positive().await.err();
        let is_stopped = stopped.is_some();
        run.steps.extend(stopped.map(StepReport::from));
        run.clean_up().await;
        if !is_stopped {
            run.negative().await;
        }
        Ok(run.conclude().await)
    }

    /// Deletes what earlier runs left behind, as far as the journal says that it is
    /// ours. Returns how much is left.
    ///
    /// # Errors
    /// Says why nothing could be done.
    pub async fn sweep(self, order: Order<'_>) -> Result<usize, String> {
        let swept = async {
            let access = self.access(order.token).await?;
            let ledger = Ledger::open(order, &self.rules.config, self.endpoint.clock.now()).await?;
            let mut steps = Vec::new();
            let mut run = Run {
                cycle: self,
                order,
                send: Sender::new(self.endpoint, &access, &self.rules.config),
                names: self.names(order),
                ledger,
                by_put: self.rules.config.change_by == ChangeBy::Put,
                is_rewritten: false,
                steps: &mut steps,
            };
            run.check_tenant().await?;
            cleanup::sweep(&mut run).await?;
            run.ledger.release().await?;
            Ok(run.ledger.document.entries.len())
        };
        swept.await.map_err(|stop: Stop| stop.detail)
    }

    fn names(self, order: Order<'_>) -> Names {
        let config = &self.rules.config;
        let id = match uses_again(config) {
            true => order.name,
            false => order.run,
        };
        Names::new(&self.rules.environment, id, &config.domain)
    }
}

impl Run<'_> {
    async fn positive(&mut self) -> Result<(), Stop> {
        self.passed(Step::Journal);
        self.check_population().await?;
        self.check_tenant().await?;
        let swept = cleanup::sweep(self).await?;
        if !self.ledger.document.entries.is_empty() {
            let left = self.ledger.document.entries.len();
            return Err(Stop::failed(
                Step::Sweep,
                format!("{left} users or groups of an earlier run are still there"),
            ));
        }
        self.note(
            Step::Sweep,
            Grade::Passed,
            match swept {
                0 => String::new(),
                count => format!("{count} users or groups of an earlier run were deleted"),
            },
        );
        let user = self.user_is_created().await?;
        self.user_is_changed(&user).await?;
        if self.config().groups {
            self.groups(&user).await?;
        } else {
            self.note(Step::GroupCreate, Grade::Skipped, "`groups = false`");
        }
        Ok(())
    }

    async fn check_population(&mut self) -> Result<(), Stop> {
        let step = Step::Population;
        let page = look::first_page(&mut self.send).await;
        let reply = page.map_err(|s| s.stop(step))?;
        if reply.status != 200 {
            return Err(reply.unwanted(step));
        }
        let list = reply.json.as_ref().ok_or_else(|| reply.no_resource(step))?;
        if field(list, "schemas").is_none() && field(list, "Resources").is_none() {
            return Err(reply.no_resource(step));
        }
        let most = self.config().max_expected_users;
        let users = locks::population(total(list), most).map_err(|why| Stop::failed(step, why))?;
        self.note(step, Grade::Passed, format!("{users} users"));
        Ok(())
    }

    pub(super) async fn check_tenant(&mut self) -> Result<(), Stop> {
        let step = Step::Tenant;
        let marker = &self.config().tenant_marker;
        if !marker.is_set() {
            let text = "`full_cycle.tenant_marker` is not set: `verify --full-cycle --dry-run` prints what can be pinned";
            return Err(Stop::failed(step, text));
        }
        look::tenant_is(&mut self.send, marker, step).await?;
        self.passed(step);
        Ok(())
    }

    /// Deletes what this run created, and notes what is left.
    async fn clean_up(&mut self) {
        if self.ledger.is_lost {
            return;
        }
        self.send.begin_cleanup();
        if let Err(stop) = cleanup::own(self).await {
            self.steps.push(stop.into());
        }
    }

    /// Stores the result. Returns how many requests were sent, and what is left.
    async fn conclude(mut self) -> (u32, usize) {
        let left = self.ledger.document.entries.clone();
        let is_created = |entry: &&Entry| !entry.ids.is_empty();
        match (left.iter().find(is_created), left.first()) {
            (Some(entry), _) => {
                let why = entry.trouble.clone().unwrap_or_default();
                let text = format!("`{}` is still there: {why}", entry.name);
                self.note(Step::Leftovers, Grade::Failed, text);
            }
            (None, Some(entry)) => {
                let why = entry.trouble.clone().unwrap_or_default();
                let text = format!("`{}` may still come into being: {why}", entry.name);
                self.note(Step::Leftovers, Grade::Inconclusive, text);
            }
            (None, None) => self.passed(Step::Leftovers),
        }
        let report = Report {
            run: self.order.run.to_owned(),
            steps: self.steps.clone(),
            requests: self.send.sent(),
            leftovers: left.len(),
        };
        let decisive = report.decisive();
        let detail = decisive.map(|s| format!("{}: {}", s.step.as_str(), s.detail));
        let now = self.send.now();
        let last = LastRun {
            run: self.order.run.to_owned(),
            at: now,
            verdict: report.verdict(),
            detail: detail.unwrap_or_default(),
            fingerprint: self.order.token.fingerprint(),
        };
        let issued_at = self.order.issued_at;
        let concluded = match self.ledger.is_lost {
            true => Ok(()),
            false => self.ledger.conclude(last, issued_at).await,
        };
        if let Err(stop) = concluded {
            // What is not stored must not be reported as passed.
            self.note(Step::Leftovers, Grade::Inconclusive, stop.detail);
        }
        (report.requests, report.leftovers)
    }
}
