# cargo: a crate with a build script and a test, built and tested
# needs: cargo rustc cc
# varies: target/** Cargo.lock
prepare() {
  mkdir -p src && printf '[package]\nname = "small"\nversion = "0.1.0"\nedition = "2021"\n' >Cargo.toml
  printf 'fn main() { println!("cargo:rustc-env=WORD=built"); }\n' >build.rs
  printf 'pub fn f(n: u64) -> u64 { (1..=n).product() }\n#[test]\nfn works() { assert_eq!(f(5), 120); let h: Vec<_> = (0..4).map(|i| std::thread::spawn(move || f(i))).collect(); for t in h { t.join().unwrap(); } }\n' >src/lib.rs
  printf 'fn main() { println!("{} {}", env!("WORD"), small::f(10)); std::process::exit(2) }\n' >src/main.rs
}
run() {
  unset CARGO_TARGET_DIR; export CARGO_HOME="$PWD/../cargo-home" CARGO_TERM_COLOR=never
  export RUSTUP_HOME="${RUSTUP_HOME:-/root/.rustup}"
  cargo build --offline -q && (./target/debug/small || echo "status $?") && cargo test --offline -q 2>&1 | sed 's/finished in .*//'
}
