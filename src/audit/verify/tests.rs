use proptest::prelude::*;

use super::lines::LONGEST_LINE;
use super::*;

/// The lines of a chain, each with its line end.
fn chain(count: u64) -> Vec<String> {
    let (mut lines, mut head) = (Vec::new(), Head::NONE);
    for number in 0..count {
        let fields = format!("{{\"replica\":\"a\",\"what\":\"commit\",\"at\":{number}}}");
        let (line, next) = head.line(&fields);
        lines.push(format!("{line}\n"));
        head = next;
    }
    lines
}

fn verdict_of(files: &[&str], stored: Option<Head>) -> Verdict {
    let mut verifier = Verifier::new(stored);
    for (number, text) in files.iter().enumerate() {
        let name = format!("file-{number}");
        verifier.file(&name, text.as_bytes()).expect("read");
    }
    verifier.end()
}

fn head_of(line: &str) -> Head {
    Link::parse(line.trim_end().as_bytes())
        .expect("a line")
        .head()
}

/// Kind, file and line of each problem.
fn problems(files: &[&str], stored: Option<Head>) -> Vec<(ProblemKind, String, u64)> {
    let verdict = verdict_of(files, stored);
    assert_eq!(verdict.ok, verdict.problems.is_empty());
    let problems = verdict.problems.into_iter();
    problems
        .filter_map(|finding| Some((finding.kind?, finding.file, finding.line)))
        .collect()
}

fn at(kind: ProblemKind, line: u64) -> Vec<(ProblemKind, String, u64)> {
    vec![(kind, "file-0".to_owned(), line)]
}

#[test]
fn a_whole_chain_is_right_also_in_several_files_and_from_its_middle_on() {
    let lines = chain(9);
    let whole = lines.concat();
    let last = head_of(&lines[8]);
    let verdict = verdict_of(&[&whole], Some(last));
    assert!(verdict.ok, "{verdict:?}");
    assert_eq!(
        (verdict.lines, verdict.first, verdict.last),
        (9, Some(1), Some(last))
    );
    let parts = [&lines[..4].concat(), "", &lines[4..].concat()];
    assert!(verdict_of(&parts, Some(head_of(&lines[2]))).ok);
    let verdict = verdict_of(&[&lines[4..].concat()], None);
    assert!(verdict.ok && verdict.first == Some(5), "{verdict:?}");
}

#[test]
fn each_manipulation_is_named_with_its_place() {
    let lines = chain(9);
    let without = |number: usize| {
        let mut lines = lines.clone();
        lines.remove(number - 1);
        lines.concat()
    };
    assert_eq!(problems(&[&without(5)], None), at(ProblemKind::Missing, 5));
    let mut swapped = lines.clone();
    swapped.swap(3, 4);
    assert_eq!(
        problems(&[&swapped.concat()], None),
        at(ProblemKind::Reordered, 5)
    );
    let mut twice = lines.clone();
    twice.insert(4, lines[3].clone());
    assert_eq!(
        problems(&[&twice.concat()], None),
        at(ProblemKind::Duplicated, 5)
    );
    let mut changed = lines.clone();
    changed[3] = changed[3].replace("commit", "nothing");
    assert_eq!(
        problems(&[&changed.concat()], None),
        at(ProblemKind::Changed, 4)
    );
    // Who changes a line and computes its hash anew is told by the next line.
    let mut forged = lines.clone();
    let (line, _) = head_of(&lines[2]).line("{\"replica\":\"a\",\"what\":\"nothing\"}");
    forged[3] = format!("{line}\n");
    assert_eq!(
        problems(&[&forged.concat()], None),
        at(ProblemKind::Changed, 5)
    );
    let mut foreign = lines.clone();
    let (line, _) = head_of(&lines[2]).line("{\"replica\":\"b\",\"what\":\"commit\"}");
    foreign.insert(3, format!("{line}\n"));
    assert_eq!(
        problems(&[&foreign.concat()], None),
        at(ProblemKind::Foreign, 4)
    );
    let parts = [&lines[5..].concat()[..], &lines[..5].concat()];
    assert_eq!(
        verdict_of(&parts, None).problems.len(),
        5,
        "files in the wrong order"
    );
}

#[test]
fn lines_that_were_cut_off_at_the_end_show_by_the_head_in_vault() {
    let lines = chain(9);
    let cut = lines[..6].concat();
    assert!(verdict_of(&[&cut], None).ok);
    let stored = Some(head_of(&lines[8]));
    assert_eq!(problems(&[&cut], stored), at(ProblemKind::Truncated, 6));
    assert_eq!(problems(&[""], stored), at(ProblemKind::Truncated, 0));
    // All lines were written anew.
    let (line, other) = Head::NONE.line("{\"replica\":\"a\"}");
    let stored = Some(head_of(&lines[0]));
    assert_ne!(stored, Some(other));
    assert_eq!(
        problems(&[&format!("{line}\n")], stored),
        at(ProblemKind::Changed, 1)
    );
    // The older file is not given.
    let verdict = verdict_of(&[&lines[5..].concat()], stored);
    assert!(
        verdict.problems[0].detail.contains("older files"),
        "{verdict:?}"
    );
}

#[test]
fn the_part_of_a_line_is_right_once_it_is_marked() {
    let lines = chain(4);
    let part = &lines[3][..30];
    let before = lines[..3].concat();
    assert_eq!(
        problems(&[&format!("{before}{part}")], None),
        at(ProblemKind::Torn, 4)
    );
    let mark = |bytes: &[u8]| {
        let torn = serde_json::to_string(&tail::torn(bytes)).expect("JSON");
        let (line, _) = head_of(&lines[2]).line(&format!("{{\"replica\":\"a\",\"torn\":{torn}}}"));
        format!("{line}\n")
    };
    let marked = format!("{before}{part}\n{}", mark(part.as_bytes()));
    let verdict = verdict_of(&[&marked], None);
    assert!(verdict.ok && verdict.notes.len() == 1, "{verdict:?}");
    let in_next_file = [&format!("{before}{part}\n")[..], &mark(part.as_bytes())];
    assert!(verdict_of(&in_next_file, None).ok);
    let wrong = format!("{before}{part}\n{}", mark(b"another"));
    assert!(!verdict_of(&[&wrong], None).ok);
    let absent = format!("{before}{}", mark(part.as_bytes()));
    assert_eq!(problems(&[&absent], None), at(ProblemKind::Missing, 4));
}

#[test]
fn a_start_from_vaults_head_is_a_note_where_it_follows_and_else_a_problem() {
    let lines = chain(6);
    let gap = "{\"replica\":\"a\",\"gap\":{\"found\":0,\"stored\":4}}";
    let (again, _) = head_of(&lines[3]).line(gap);
    let text = format!("{}{again}\n", lines.concat());
    let verdict = verdict_of(&[&text], None);
    assert!(verdict.ok && verdict.notes.len() == 1, "{verdict:?}");
    let (far, _) = Head {
        number: 20,
        ..head_of(&lines[3])
    }
    .line(gap);
    let text = format!("{}{far}\n", lines.concat());
    assert_eq!(problems(&[&text], None), at(ProblemKind::Missing, 7));
    let (forged, _) = Head {
        number: 4,
        ..head_of(&lines[1])
    }
    .line(gap);
    let text = format!("{}{forged}\n", lines.concat());
    assert!(!verdict_of(&[&text], None).ok);
}

#[test]
fn lines_without_end_and_without_sense_take_no_memory() {
    let endless = "x".repeat(3 * LONGEST_LINE);
    let lines = chain(2);
    let text = format!("{}{endless}\n{}", lines[0], lines[1]);
    assert_eq!(problems(&[&text], None), at(ProblemKind::Changed, 2));
    let nonsense = "x\n".repeat(1000);
    let verdict = verdict_of(&[&nonsense], None);
    assert_eq!(verdict.problems.len(), MOST_TOLD);
    assert_eq!(verdict.problems_left_off, 900);
}

/// An edit of the bytes of a file.
#[derive(Debug, Clone)]
enum Edit {
    Change(usize, u8),
    Remove(usize, usize),
    Insert(usize, Vec<u8>),
    RemoveLine(usize),
    Swap(usize, usize),
    Repeat(usize, usize),
}

fn edits() -> impl Strategy<Value = Edit> {
    let place = 0..10_000_usize;
    prop_oneof![
        (place.clone(), 1..=255_u8).prop_map(|(at, by)| Edit::Change(at, by)),
        (place.clone(), 1..400_usize).prop_map(|(at, count)| Edit::Remove(at, count)),
        (place.clone(), prop::collection::vec(any::<u8>(), 1..20))
            .prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        place.clone().prop_map(Edit::RemoveLine),
        (place.clone(), place.clone()).prop_map(|(a, b)| Edit::Swap(a, b)),
        (place.clone(), place).prop_map(|(a, b)| Edit::Repeat(a, b)),
    ]
}

fn edited(lines: &[String], edit: &Edit) -> Vec<u8> {
    let mut bytes = lines.concat().into_bytes();
    let length = bytes.len();
    let mut lines = lines.to_vec();
    let count = lines.len();
    match edit {
        Edit::Change(at, by) => bytes[at % length] ^= by,
        Edit::Remove(at, removed) => {
            let at = at % length;
            bytes.drain(at..(at + removed).min(length));
        }
        Edit::Insert(at, new) => {
            let at = at % (length + 1);
            bytes.splice(at..at, new.iter().copied());
        }
        Edit::RemoveLine(at) => {
            lines.remove(at % count);
            bytes = lines.concat().into_bytes();
        }
        Edit::Swap(a, b) => {
            lines.swap(a % count, b % count);
            bytes = lines.concat().into_bytes();
        }
        Edit::Repeat(a, b) => {
            let line = lines[a % count].clone();
            lines.insert(b % (count + 1), line);
            bytes = lines.concat().into_bytes();
        }
    }
    bytes
}

proptest! {
    #[test]
    fn any_single_edit_of_a_chain_is_found(count in 1..12_u64, edit in edits()) {
        let lines = chain(count);
        let stored = lines.last().map(|line| head_of(line));
        let bytes = edited(&lines, &edit);
        prop_assume!(bytes != lines.concat().into_bytes());
        let mut verifier = Verifier::new(stored);
        verifier.file("file", bytes.as_slice()).expect("read");
        let verdict = verifier.end();
        // That lines are missing at the beginning shows by the first number.
        let is_found = !verdict.ok || verdict.first != Some(1);
        prop_assert!(is_found, "{edit:?}: {verdict:?}");
    }
}
