//! The exporter of traces.

use std::sync::Arc;

use super::World;
use super::units::Builder;
use crate::config::Settings;
use crate::http::client::Target;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::{Deps, Exporter};

impl Builder {
    /// The exporter, if it is configured.
    ///
    /// # Errors
    /// Names what cannot be built.
    pub(super) fn traces(
        &self,
        settings: &Settings,
        metrics: &Arc<Metrics>,
        instance: &str,
    ) -> anyhow::Result<Option<Arc<Exporter>>> {
        if !settings.traces.enabled {
            return Ok(None);
        }
        let deps = Deps {
            http: self.client(settings, Target::Traces)?,
            secrets: Arc::clone(&self.secrets),
            clock: Arc::clone(&self.clock),
            metrics: Arc::clone(metrics),
            instance: instance.to_owned(),
        };
        let exporter = Exporter::new(&settings.traces, deps);
        Ok(exporter.map(Arc::new))
    }
}

impl World {
    /// Sends spans until [`World::finish_traces`].
    pub(in crate::cli) async fn send_traces(&self) {
        if let Some(traces) = &self.traces {
            traces.run().await;
        }
    }

    /// Sends the last spans, for a short time.
    pub(in crate::cli) async fn finish_traces(&self) {
        if let Some(traces) = &self.traces {
            traces.finish().await;
        }
    }
}
