crop=$(sbatch --parsable --job-name=nijigen-crop --output=/scratch/me/data/cluster/crop-%A_%a.log --open-mode=append --chdir=/home/me/nijigen --nodes=1 --ntasks=1 --requeue --kill-on-invalid-dep=yes --signal=B:TERM@120 --array=1-8%4 --partition=main --account=painters --mem=16G --time=0-12:00:00 --cpus-per-task=8 <<'JOB'
#!/bin/bash
# Nijigen: crop
module load rust

# Before the time is up Slurm tells this shell, and it alone. The runner stops the stage in good order.
told=
trap 'told=1; kill -TERM "$runner" 2>/dev/null' TERM
export NIJIGEN_BIN_DIR=/home/me/nijigen/target/release
# Not every cluster ties a job to the processors that it was given.
export RAYON_NUM_THREADS="${SLURM_CPUS_PER_TASK:-$RAYON_NUM_THREADS}"
/home/me/nijigen/target/release/xtask crop --yes --shard="$SLURM_ARRAY_TASK_ID"/8 --config /scratch/me/pipeline.toml --set 'crawl.tags=rating:s it'\''s' &
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

crop_merge=$(sbatch --parsable --job-name=nijigen-crop-merge --output=/scratch/me/data/cluster/crop-merge-%j.log --open-mode=append --chdir=/home/me/nijigen --nodes=1 --ntasks=1 --requeue --kill-on-invalid-dep=yes --signal=B:TERM@120 --partition=main --account=painters --mem=16G --time=0-12:00:00 --cpus-per-task=8 --dependency=afterok:"$crop" <<'JOB'
#!/bin/bash
# Nijigen: crop-merge
module load rust

# Before the time is up Slurm tells this shell, and it alone. The runner stops the stage in good order.
told=
trap 'told=1; kill -TERM "$runner" 2>/dev/null' TERM
export NIJIGEN_BIN_DIR=/home/me/nijigen/target/release
# Not every cluster ties a job to the processors that it was given.
export RAYON_NUM_THREADS="${SLURM_CPUS_PER_TASK:-$RAYON_NUM_THREADS}"
/home/me/nijigen/target/release/xtask pipeline --yes --from crop --until crop --retrain --config /scratch/me/pipeline.toml --set 'crawl.tags=rating:s it'\''s' &
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

pack=$(sbatch --parsable --job-name=nijigen-pack --output=/scratch/me/data/cluster/pack-%j.log --open-mode=append --chdir=/home/me/nijigen --nodes=1 --ntasks=1 --requeue --kill-on-invalid-dep=yes --signal=B:TERM@120 --partition=main --account=painters --mem=16G --time=0-12:00:00 --cpus-per-task=8 --dependency=afterok:"$crop_merge" <<'JOB'
#!/bin/bash
# Nijigen: pack
module load rust

# Before the time is up Slurm tells this shell, and it alone. The runner stops the stage in good order.
told=
trap 'told=1; kill -TERM "$runner" 2>/dev/null' TERM
export NIJIGEN_BIN_DIR=/home/me/nijigen/target/release
# Not every cluster ties a job to the processors that it was given.
export RAYON_NUM_THREADS="${SLURM_CPUS_PER_TASK:-$RAYON_NUM_THREADS}"
/home/me/nijigen/target/release/xtask pipeline --yes --from pack --until pack --retrain --config /scratch/me/pipeline.toml --set 'crawl.tags=rating:s it'\''s' &
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

train=$(sbatch --parsable --job-name=nijigen-train --output=/scratch/me/data/cluster/train-%j.log --open-mode=append --chdir=/home/me/nijigen --nodes=1 --ntasks=1 --requeue --kill-on-invalid-dep=yes --signal=B:TERM@30 --partition=gpu --account=painters --mem=16G --time=0-00:01:00 --cpus-per-task=8 --gres=gpu:1 --qos=long '--comment=two words' --dependency=afterok:"$pack" <<'JOB'
#!/bin/bash
# Nijigen: train
module load rust

# Before the time is up Slurm tells this shell, and it alone. The runner stops the stage in good order.
told=
trap 'told=1; kill -TERM "$runner" 2>/dev/null' TERM
export NIJIGEN_BIN_DIR=/home/me/nijigen/target/release
# Not every cluster ties a job to the processors that it was given.
export RAYON_NUM_THREADS="${SLURM_CPUS_PER_TASK:-$RAYON_NUM_THREADS}"
/home/me/nijigen/target/release/xtask pipeline --yes --from train --until train --retrain --config /scratch/me/pipeline.toml --set 'crawl.tags=rating:s it'\''s' &
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
    if [ "$tries" -lt 20 ] && { [ "$state" = RUNNING ] || [ "$state" = SIGNALING ]; }; then
      echo "interrupted: it goes back into the queue, and on from here"
      scontrol requeue "$job" && exit 0
    fi
    echo "interrupted, and not queued again: it is $state, and was queued again $tries times of 20" ;;
esac
exit "$code"
JOB
)

