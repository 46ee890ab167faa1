//! Briefings: steps that somebody presents, each a scene with a sentence on the
//! wall and notes beside it.

/// Steps that are presented one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Briefing {
    /// Name, unique.
    pub name: String,
    /// Never empty.
    pub steps: Vec<BriefingStep>,
}

/// One step of a briefing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BriefingStep {
    /// Index into [`Config::scenes`](super::Config::scenes).
    pub scene: usize,
    /// Code of the area in focus, where it is another one than the scene's.
    pub focus: Option<String>,
    /// Stands large on the wall.
    pub caption: Option<String>,
    /// For who presents it; never on the wall.
    pub notes: Option<String>,
    /// Seconds until the next step comes by itself; `None` waits for a hand.
    pub duration_secs: Option<f64>,
}
