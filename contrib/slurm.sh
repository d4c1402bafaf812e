#!/bin/sh
# Shards as a job array of Slurm: sbatch --array=1-4 contrib/slurm.sh
# and then: sbatch --dependency=afterany:JOB --wrap 'rinject merge shard-*.json'
#SBATCH --job-name=rinject
rinject run --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" --report "json=shard-$SLURM_ARRAY_TASK_ID.json"
