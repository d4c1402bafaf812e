//! Which names are given to what, and how long they last.

use super::*;

const TABLE: TableId = TableId(1);

fn names() -> Names {
    let dir = |host: &str, shown: &str| (host.to_owned(), shown.to_owned());
    Names::new(vec![dir("/tmp/r", "${tmp}"), dir("/tmp/r/data/", "${var.data}"), dir("", "${var.empty}")])
}

fn file(path: &str) -> Descriptor {
    Descriptor::Path(path.into())
}

/// The name and, at first sight, what it is.
fn shown(value: Value) -> String {
    match value {
        Value::Descriptor { name, introduced: Some(what), .. } => format!("{name}<{what}>"),
        Value::Descriptor { name, .. } => name.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn directories_are_renamed_at_component_boundaries() {
    let check = |path: &str, expected: &str| assert_eq!(names().rename_path(path), expected);
    check("/tmp/r", "${tmp}");
    check("/tmp/r/x", "${tmp}/x");
    check("/tmp/r/data/0.wal", "${var.data}/0.wal");
    check("/tmp/r/data2", "${tmp}/data2");
    check("/tmp/rx", "/tmp/rx");
    check("data/x", "data/x");
    check("", "");
}

#[test]
fn task_numbers_under_proc_are_tasks() {
    let mut names = names();
    names.task_born(TaskId(71), TaskName { process: 2, thread: 1 });
    names.task_born(TaskId(72), TaskName { process: 2, thread: 2 });
    let check = |path: &str, expected: &str| assert_eq!(names.rename_path(path), expected);
    check("/proc/71/maps", "/proc/P2/maps");
    check("/proc/71/task/72/stat", "/proc/P2/task/P2.T2/stat");
    check("/proc/9/stat", "/proc/_/stat");
    check("/proc/self/fd/3", "/proc/self/fd/3");
    check("/proc/71/fd/72", "/proc/P2/fd/72");
}

#[test]
fn directories_in_buffers_are_renamed_where_no_name_goes_on() {
    let check = |text: &str, expected: &str| {
        assert_eq!(String::from_utf8_lossy(&names().rename_bytes(text.as_bytes())), expected);
    };
    check("no path", "no path");
    check("a=/tmp/r/data/x b=/tmp/r", "a=${var.data}/x b=${tmp}");
    check("/tmp/r/data.", "${var.data}.");
    check("/tmp/r/data.bak", "${tmp}/data.bak");
    check("/tmp/r2 /tmp/r\n", "/tmp/r2 ${tmp}\n");
    check("//tmp/r:/", "/${tmp}:/");
}

#[test]
fn a_gone_task_keeps_its_name_until_its_number_is_used_again() {
    let mut names = names();
    let (first, second) = (TaskName { process: 1, thread: 1 }, TaskName { process: 2, thread: 1 });
    names.task_born(TaskId(5), first);
    names.task_gone(TaskId(5));
    assert_eq!(names.task(TaskId(5)), Some(first));
    names.task_born(TaskId(5), second);
    assert_eq!(names.task(TaskId(5)), Some(second));
    assert_eq!(names.task(TaskId(6)), None);
}

#[test]
fn a_descriptor_is_introduced_once() {
    let mut names = names();
    assert_eq!(shown(names.descriptor(TABLE, 3, &file("/tmp/r/x"))), "fd#1<${tmp}/x>");
    assert_eq!(shown(names.descriptor(TABLE, 3, &file("/tmp/r/x"))), "fd#1");
    assert_eq!(shown(names.descriptor(TABLE, 4, &file("/tmp/r/x"))), "fd#2<${tmp}/x>");
}

#[test]
fn another_object_or_another_opening_is_another_name() {
    let mut names = names();
    assert_eq!(shown(names.opened(TABLE, 3, &file("/x"))), "fd#1</x>");
    assert_eq!(shown(names.descriptor(TABLE, 3, &file("/y"))), "fd#2</y>");
    assert_eq!(shown(names.opened(TABLE, 3, &file("/y"))), "fd#3</y>");
    names.closed(TABLE, 3);
    assert_eq!(shown(names.descriptor(TABLE, 3, &file("/y"))), "fd#4</y>");
    names.closed_range(TABLE, 3, u32::MAX);
    assert_eq!(shown(names.descriptor(TABLE, 3, &file("/y"))), "fd#5</y>");
}

#[test]
fn a_removed_or_renamed_file_is_the_same_object() {
    let mut names = names();
    names.opened(TABLE, 3, &file("/d/x"));
    assert_eq!(shown(names.descriptor(TABLE, 3, &file("/d/x (deleted)"))), "fd#1");
    names.opened(TABLE, 4, &file("/d/y"));
    names.renamed("/d", "/e");
    assert_eq!(shown(names.descriptor(TABLE, 4, &file("/e/y"))), "fd#2");
}

#[test]
fn pipes_and_sockets_are_numbered_by_first_sight() {
    let mut names = names();
    let pipe = |inode, writes| Descriptor::Pipe { inode, writes };
    assert_eq!(shown(names.opened(TABLE, 3, &pipe(900, false))), "fd#1<pipe#1:r>");
    assert_eq!(shown(names.opened(TABLE, 4, &pipe(900, true))), "fd#2<pipe#1:w>");
    assert_eq!(shown(names.opened(TABLE, 5, &pipe(7, false))), "fd#3<pipe#2:r>");
    assert_eq!(shown(names.opened(TABLE, 6, &Descriptor::Socket { inode: 900 })), "fd#4<socket#1>");
    let anon = Descriptor::Anon { kind: "eventfd".into(), inode: 0 };
    let value = names.opened(TABLE, 7, &anon);
    assert!(matches!(&value, Value::Descriptor { host, .. } if **host == *"anon:[eventfd]"));
    assert_eq!(shown(value), "fd#5<anon:eventfd>");
}

#[test]
fn fork_keeps_names_and_then_the_tables_part() {
    let mut names = names();
    names.standard(TABLE, 1, &file("/out"));
    names.opened(TABLE, 3, &file("/x"));
    names.forked(TABLE, TableId(2));
    assert_eq!(shown(names.descriptor(TableId(2), 1, &file("/out"))), "stdout");
    assert_eq!(shown(names.descriptor(TableId(2), 3, &file("/x"))), "fd#1");
    names.closed(TableId(2), 3);
    assert_eq!(shown(names.descriptor(TABLE, 3, &file("/x"))), "fd#1");
    assert_eq!(shown(names.opened(TableId(2), 1, &file("/log"))), "fd#2</log>");
    assert_eq!(shown(names.descriptor(TABLE, 1, &file("/out"))), "stdout");
}

#[test]
fn what_an_unwritten_call_introduced_is_introduced_again() {
    let mut names = names();
    let value = names.opened(TABLE, 3, &file("/x"));
    let call = Call {
        sysno: None,
        number: 0,
        args: Vec::new(),
        result: Some(CallResult::Value { raw: 3, value }),
        part: crate::transcript::Part::Whole,
    };
    names.unwritten(&call);
    assert_eq!(shown(names.descriptor(TABLE, 3, &file("/x"))), "fd#1</x>");
    assert_eq!(shown(names.descriptor(TABLE, 3, &file("/x"))), "fd#1");
}
