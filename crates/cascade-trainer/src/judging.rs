//! The training of a judge: crops and pictures to a small network that looks at a cascade's candidates once more.
//!
//! ```text
//! crops and faces of pictures, moved, turned and lit anew ─┐
//! windows of the first stages that show none, hard ones ───┼─▶ batches ─▶ Adam ─▶ network ─▶ judge
//! crops in parts, confused, beside each other ─────────────┘      ▲         │         ▲
//!                                                                 └─ mined ─┘         │
//! two networks of half the pictures each, on the other half's candidates ─▶ Platt ────┘
//! ```

pub mod calibration;
pub mod candidates;
pub mod examples;
pub mod face_table;
pub mod optimizer;
pub mod training;
