//! A cluster behind the dashboard: asked by its own watch, or, of a run, by the run's.

use tidegate_core::cluster::ClusterWatch;
use tidegate_core::engine::RunHandle;
use tidegate_core::faces::host::Cluster;
use tidegate_core::snapshot::{ClusterSnapshot, ClusterWanted};

use crate::common::clusters;
use crate::common::exit::Failure;

/// A cluster that is looked at alone.
pub(super) struct Alone {
    watch: ClusterWatch,
    /// held to the end: it may be the embedded broker
    _cluster: clusters::Cluster,
}

impl Alone {
    pub(super) fn new(cluster: clusters::Cluster) -> Result<Alone, Failure> {
        Ok(Alone { watch: ClusterWatch::open(&cluster.settings)?, _cluster: cluster })
    }
}

impl Cluster for Alone {
    fn look(&mut self, wanted: &ClusterWanted) -> Result<ClusterSnapshot, String> {
        self.watch.look(wanted).map_err(|fault| fault.message)
    }
}

/// The cluster that a run of this process uses.
pub(super) struct OfRun(pub(super) RunHandle);

impl Cluster for OfRun {
    fn look(&mut self, wanted: &ClusterWanted) -> Result<ClusterSnapshot, String> {
        self.0.look_at_cluster(wanted).map_err(|fault| fault.message)
    }
}
