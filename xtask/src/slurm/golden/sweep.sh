sweep=$(sbatch --parsable --job-name=nijigen-sweep --output=/scratch/me/data/cluster/sweep-%A_%a.log --open-mode=append --chdir=/home/me/nijigen --nodes=1 --ntasks=1 --requeue --kill-on-invalid-dep=yes --signal=B:TERM@120 --array=1-2%1 <<'JOB'
#!/bin/bash
# Nijigen: sweep

# Before the time is up Slurm tells this shell, and it alone. The runner stops the stage in good order.
told=
trap 'told=1; kill -TERM "$runner" 2>/dev/null' TERM
export NIJIGEN_BIN_DIR=/home/me/nijigen/target/release
# Not every cluster ties a job to the processors that it was given.
export RAYON_NUM_THREADS="${SLURM_CPUS_PER_TASK:-$RAYON_NUM_THREADS}"
/home/me/nijigen/target/release/xtask train --yes --sweep=recipe=dcgan,modern --shard="$SLURM_ARRAY_TASK_ID"/2 --config /scratch/me/pipeline.toml --set 'crawl.tags=rating:s it'\''s' &
runner=$!
wait "$runner"; code=$?
# A signal ends a wait, and not what was waited for.
while [ -n "$told" ]; do told=; wait "$runner"; code=$?; done

# By its own number a task of an array may stand for the whole array.
job=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}
job=${job:-$SLURM_JOB_ID}
case $code in
  0 | 3) exit 0 ;; # 3: done, with failures that were counted and kept
  130) # interrupted
    state=$(squeue --noheader --jobs="$job" --format=%T) # of one that is cancelled: COMPLETING
    tries=${SLURM_RESTART_COUNT:-0}
    if [ "$tries" -lt 10 ] && { [ "$state" = RUNNING ] || [ "$state" = SIGNALING ]; }; then
      echo "interrupted: it goes back into the queue, and on from here"
      scontrol requeue "$job" && exit 0
    fi
    echo "interrupted, and not queued again: it is $state, and was queued again $tries times of 10" ;;
esac
exit "$code"
JOB
)

compare=$(sbatch --parsable --job-name=nijigen-compare --output=/scratch/me/data/cluster/compare-%j.log --open-mode=append --chdir=/home/me/nijigen --nodes=1 --ntasks=1 --requeue --kill-on-invalid-dep=yes --signal=B:TERM@120 --dependency=afterok:"$sweep" <<'JOB'
#!/bin/bash
# Nijigen: compare

# Before the time is up Slurm tells this shell, and it alone. The runner stops the stage in good order.
told=
trap 'told=1; kill -TERM "$runner" 2>/dev/null' TERM
export NIJIGEN_BIN_DIR=/home/me/nijigen/target/release
# Not every cluster ties a job to the processors that it was given.
export RAYON_NUM_THREADS="${SLURM_CPUS_PER_TASK:-$RAYON_NUM_THREADS}"
/home/me/nijigen/target/release/xtask report --yes --compare=dcgan-64px-1 --compare=modern-64px-2 --config /scratch/me/pipeline.toml --set 'crawl.tags=rating:s it'\''s' &
runner=$!
wait "$runner"; code=$?
# A signal ends a wait, and not what was waited for.
while [ -n "$told" ]; do told=; wait "$runner"; code=$?; done

# By its own number a task of an array may stand for the whole array.
job=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}
job=${job:-$SLURM_JOB_ID}
case $code in
  0 | 3) exit 0 ;; # 3: done, with failures that were counted and kept
  130) # interrupted
    state=$(squeue --noheader --jobs="$job" --format=%T) # of one that is cancelled: COMPLETING
    tries=${SLURM_RESTART_COUNT:-0}
    if [ "$tries" -lt 10 ] && { [ "$state" = RUNNING ] || [ "$state" = SIGNALING ]; }; then
      echo "interrupted: it goes back into the queue, and on from here"
      scontrol requeue "$job" && exit 0
    fi
    echo "interrupted, and not queued again: it is $state, and was queued again $tries times of 10" ;;
esac
exit "$code"
JOB
)

