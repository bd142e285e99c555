//! The training of a judge: crops and pictures to a small network that looks at a cascade's candidates once more.
//!
//! ```text
//! crops, moved, turned and lit anew ──────────┐
//! windows of the cascades on their subject ───┼─▶ batches ─▶ Adam ─▶ network ─▶ held-out candidates: Platt ─▶ judge
//! their other windows, the hardest first ─────┘      ▲                  │
//!                                                    └── scored anew ───┘
//! ```

pub mod calibration;
pub mod candidates;
pub mod examples;
pub mod face_table;
pub mod optimizer;
pub mod training;
