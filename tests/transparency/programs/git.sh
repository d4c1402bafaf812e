# git: a repository of 300 files, branches, a merge with a conflict, rebase, stash, gc, clone and bisect
# quick
# needs: git
# varies: **/.git/index **/.git/objects/pack/* **/.git/objects/info/packs *.bundle
prepare() {
  git config --global user.name N && git config --global user.email n@example.org
  git config --global init.defaultBranch main && git config --global gc.auto 0 && git config --global core.fsync none
}
run() {
  export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
  git init -q repo && cd repo
  for i in $(seq 300); do mkdir -p "d$((i % 7))" && seq "$i" "$((i * 3))" >"d$((i % 7))/$i"; done
  git add -A && git commit -qm first && git rev-parse HEAD
  git checkout -qb side && sed -i s/5/five/ d1/8 && git commit -qam side && git checkout -q main
  sed -i s/5/FIVE/ d1/8 && git commit -qam main
  git merge side || git diff; git checkout --theirs d1/8 && git commit -qam merged
  git checkout -q side && echo x >new && git add new && git commit -qm new && git rebase -q main && git log --oneline --graph
  echo y >>new && git stash -q && git stash pop && git status --short && git checkout -q new
  git tag v1 && git gc -q && git fsck && git count-objects | wc -l && git gc --prune=now -q
  cd .. && git clone -q repo clone && git -C clone log --format=%H | head -n 3 && git -C repo bundle create -q ../b.bundle --all
  git -C clone bisect start -q HEAD HEAD~2 2>&1 | tail -n 1 && git -C clone bisect run sh -c '! grep -q FIVE d1/8' | tail -n 3
  git -C clone log --no-pager >/dev/null 2>&1 || git -C clone --no-pager log --stat | tail -n 3; git blame 2>&1 | head -n 1
}
