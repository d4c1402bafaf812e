//! Modules of made-up mappings, and of the very process that the tests run in.

use super::*;

fn mapping(start: u64, offset: u64, executable: bool, name: &str) -> Mapping {
    Mapping {
        start: Addr(start),
        end: Addr(start + 0x1000),
        offset,
        executable,
        writable: false,
        shared: false,
        file: ([8, 1], name.len() as u64),
        name: name.to_owned(),
    }
}

#[test]
fn a_module_is_a_run_of_mappings_with_code() {
    let modules = Modules::of(&[
        mapping(0x1000, 0, false, "/kv"),
        mapping(0x2000, 0x1000, true, "/kv"),
        mapping(0x3000, 0x1000, false, "/kv"),
        mapping(0x4000, 0, false, ""),
        mapping(0x5000, 0, false, "/data"),
        mapping(0x6000, 0, false, "/lib/a.so"),
        mapping(0x7000, 0, false, "/lib/a.so"),
        mapping(0x8000, 0x1000, true, "/lib/a.so"),
        mapping(0x9000, 0, true, "[vdso]"),
        mapping(0xa000, 0, false, "[stack]"),
    ]);
    let ranges: Vec<_> = modules.all.iter().map(|module| (module.base_name(), module.range())).collect();
    assert_eq!(ranges, [("kv", 0x1000..0x4000), ("a.so", 0x6000..0x9000), ("vdso", 0x9000..0xa000)],);
}

#[test]
fn modules_are_the_same_until_one_comes_or_goes() {
    let all = [
        mapping(0x1000, 0, true, "/kv"),
        mapping(0x4000, 0, false, ""),
        mapping(0x5000, 0, false, "/lib/a.so"),
        mapping(0x6000, 0x1000, true, "/lib/a.so"),
    ];
    let known = Modules::of(&all);
    let check = |mappings: &[Mapping], expected| assert_eq!(known.is_of(&Modules::of(mappings)), expected);
    check(&all, true);
    check(&[&all[..1], &all[2..]].concat(), true);
    check(&all[..1], false);
    let another = |mapping: &Mapping| Mapping { file: ([8, 1], 77), ..mapping.clone() };
    check(&[&all[..2], &all[2..].iter().map(another).collect::<Vec<_>>()].concat(), false);
    let moved = |mapping: &Mapping| Mapping { start: mapping.start.plus(0x1000), ..mapping.clone() };
    check(&[&all[..2], &all[2..].iter().map(moved).collect::<Vec<_>>()].concat(), false);
}

#[test]
fn near_names_are_the_nearest() {
    let known = ["malloc", "mallopt", "calloc", "free"];
    assert_eq!(nearest("maloc", known.into_iter()), ["malloc", "calloc"]);
    assert_eq!(nearest("wall.c", ["/src/wal.c", "/src/main.c"].into_iter()), ["/src/wal.c"]);
    assert!(nearest("x", known.into_iter()).is_empty());
}

fn here() -> TaskId {
    TaskId(std::process::id() as i32)
}

thread_local! {
    static IMAGES: Images = Images::default();
}

fn resolve(place: &str) -> Resolved {
    let place = Place::parse(place).unwrap();
    IMAGES.with(|images| images.modules(here(), here()).resolve(here(), images, &place))
}

fn sites(place: &str) -> Vec<Site> {
    match resolve(place) {
        Resolved::At(sites) => sites,
        other => panic!("{place}: {other:?}"),
    }
}

fn locate(addr: u64) -> String {
    let found = IMAGES.with(|images| images.modules(here(), here()).locate(here(), images, Addr(addr)));
    found.map(|location| location.to_string()).unwrap_or_default()
}

/// The full name of the function below.
const LANDMARK: &str = "rinject::tracer::modules::tests::landmark";

#[inline(never)]
fn landmark(number: u64) -> u64 {
    std::hint::black_box(number) + 1
}

#[test]
fn a_function_of_the_program_is_found_and_named() {
    let addr = landmark as *const () as u64;
    assert_eq!(landmark(1), 2);
    let expected = Site { addr: Addr(addr), is_ifunc: false, code: CodeSite::Boundary };
    assert_eq!(sites(LANDMARK), [expected]);
    assert_eq!(sites(&format!("rinject-*!{LANDMARK}")), [expected]);
    assert_eq!(sites(&format!("{addr:#x}")), [expected]);
    assert_eq!(sites(&format!("{LANDMARK}+1"))[0].addr, Addr(addr + 1));
    assert!(locate(addr + 1).ends_with(&format!("!{LANDMARK}+0x1")), "{}", locate(addr + 1));
    assert_eq!(resolve("no-such-*!main"), Resolved::NoModule);
    let Resolved::NoSymbol { nearest } = resolve(&LANDMARK.replace("mark", "mrak")) else { panic!("no such symbol") };
    assert_eq!(nearest[0], LANDMARK);
}

#[test]
fn a_line_of_this_file_is_found() {
    let line = line!();
    let found = sites(&format!("tracer/modules_tests.rs:{line}"));
    assert!(!found.is_empty() && found.iter().all(|site| site.code == CodeSite::Boundary), "{found:?}");
    let name = locate(found[0].addr.0);
    assert!(name.contains("a_line_of_this_file_is_found"), "{name}");
    assert!(matches!(resolve("modules_tests.rs:1"), Resolved::NoCode { nearest } if nearest.len() == 1));
    let Resolved::NoFile { nearest } = resolve("module_tests.rs:1") else { panic!("no such file") };
    assert!(nearest.iter().any(|path| path.ends_with("modules_tests.rs")), "{nearest:?}");
    assert_eq!(resolve("vdso!vclock.c:1"), Resolved::NoDebugInfo);
}

#[test]
fn functions_of_the_c_library_are_found_and_named() {
    let addr = libc::getppid as *const () as u64;
    let found = sites("libc.so.6!getppid");
    assert_eq!(found.iter().map(|site| site.addr).collect::<Vec<_>>(), [Addr(addr)]);
    assert_eq!(found[0].code, CodeSite::Boundary);
    assert_eq!(locate(addr), "libc.so.6!getppid");
    assert!(sites("libc.so.6!strlen").iter().any(|site| site.is_ifunc));
    assert!(!sites("libc.so.6!malloc").is_empty());
    assert!(
        matches!(resolve("libc.so.6!mallok"), Resolved::NoSymbol { nearest } if nearest.contains(&"malloc".to_owned()))
    );
}

#[test]
fn the_vdso_is_a_module_and_the_stack_is_none() {
    assert_eq!(sites("vdso!__vdso_clock_gettime").len(), 1);
    let local = 0;
    assert_eq!(locate(&raw const local as u64), "");
}

#[test]
fn an_address_that_lies_in_no_symbol_is_written_and_read_by_its_offset() {
    let images = Images::default();
    let modules = images.modules(here(), here());
    let loaded = modules.loaded(here(), &images).find(|loaded| &*loaded.name() == "libc.so.6").unwrap();
    let start = loaded.module.range().start;
    assert_eq!(locate(start + 0x10), "libc.so.6+0x10");
    assert_eq!(sites("libc.so.6+0x10")[0].addr, Addr(start + 0x10));
    assert_eq!(
        sites("libc.so.6!0x10")[0],
        Site { addr: Addr(start + 0x10), is_ifunc: false, code: CodeSite::NotCode }
    );
}

#[test]
fn what_has_not_changed_is_read_once() {
    let images = Images::default();
    let (first, second) = (images.modules(here(), here()), images.modules(here(), here()));
    // Another test's thread may have mapped something in between.
    let third = images.modules(here(), here());
    assert!(Rc::ptr_eq(&first, &second) || Rc::ptr_eq(&second, &third) || first.all.len() == third.all.len());
}
