//! Sweeps on one machine.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must fail loudly")]

use end_to_end::Pipeline;

#[test]
fn a_sweep_trains_a_run_for_each_value_and_compares_them() {
    let pipeline = Pipeline::tiny();
    pipeline.fail(&["train", "--sweep", "seeds=2"], 1, &["there is no dataset to train on yet"]);
    pipeline.succeed(&["pipeline", "--yes", "--until", "pack"]);
    pipeline.fail(&["train", "--shard", "1/2"], 2, &["--shard is of a sweep"]);
    let same = ["train", "--sweep", "train.device=cpu,cpu"];
    pipeline.fail(&same, 2, &["train the same run"]);
    pipeline.fail(&["train", "--sweep", "train.batch=4,8"], 2, &["there is no key train.batch"]);

    let said = pipeline.succeed(&["train", "--sweep", "recipe=dcgan,modern"]);
    let page = said.stdout.lines().last().unwrap();
    let text = std::fs::read_to_string(page).unwrap();
    assert!(text.contains("dcgan-32px-") && text.contains("modern-32px-"), "{page}");
    assert_eq!(said.stderr.matches("rows kept").count(), 2, "{}", said.stderr);

    // Shares of it, as on two machines, find their runs trained.
    for share in ["1/2", "2/2"] {
        let said = pipeline.succeed(&["train", "--sweep", "recipe=dcgan,modern", "--shard", share]);
        assert_eq!(said.stderr.matches("rows kept").count(), 1, "{}", said.stderr);
    }
    assert_eq!(pipeline.succeed(&["runs"]).stdout.lines().count(), 3, "a heading and two runs");
}
