//! What changed between two texts, line by line, as `diff -u` shows it.
//!
//! In: the text before and after. Out: the changed lines with some around
//! them; nothing when they are alike.

/// Lines around a change.
const AROUND: usize = 3;

/// One line of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line<'t> {
    Same(&'t str),
    Old(&'t str),
    New(&'t str),
}

/// The changes from `old` to `new`, in the unified form.
pub fn unified(old: &str, new: &str) -> String {
    let lines = compare(&old.lines().collect::<Vec<_>>(), &new.lines().collect::<Vec<_>>());
    let changed: Vec<usize> = (0..lines.len()).filter(|&at| !matches!(lines[at], Line::Same(_))).collect();
    let mut text = String::new();
    let mut at = 0;
    while at < changed.len() {
        let mut last = at;
        while last + 1 < changed.len() && changed[last + 1] - changed[last] <= 2 * AROUND {
            last += 1;
        }
        let from = changed[at].saturating_sub(AROUND);
        let until = (changed[last] + AROUND + 1).min(lines.len());
        let count = |part: &[Line<'_>], is_new: bool| {
            let other =
                |line: &&Line<'_>| if is_new { !matches!(line, Line::Old(_)) } else { !matches!(line, Line::New(_)) };
            part.iter().filter(other).count()
        };
        let (before, part) = (&lines[..from], &lines[from..until]);
        text += &format!(
            "@@ -{},{} +{},{} @@\n",
            count(before, false) + 1,
            count(part, false),
            count(before, true) + 1,
            count(part, true)
        );
        for line in part {
            let (mark, line) = match line {
                Line::Same(line) => (' ', line),
                Line::Old(line) => ('-', line),
                Line::New(line) => ('+', line),
            };
            text += &format!("{mark}{line}\n");
        }
        at = last + 1;
    }
    text
}

/// All lines of both, by their longest common part.
fn compare<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Line<'t>> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_mid, new_mid) = (&old_rest[..old_rest.len() - tail], &new_rest[..new_rest.len() - tail]);
    let mut lines: Vec<Line<'t>> = old[..head].iter().map(|line| Line::Same(line)).collect();
    // Length of the longest common part of what is left of both.
    let width = new_mid.len() + 1;
    let mut common = vec![0_u32; (old_mid.len() + 1) * width];
    for (i, a) in old_mid.iter().enumerate().rev() {
        for (j, b) in new_mid.iter().enumerate().rev() {
            let at = i * width + j;
            common[at] = if a == b { common[at + width + 1] + 1 } else { common[at + width].max(common[at + 1]) };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old_mid.len() || j < new_mid.len() {
        let at = i * width + j;
        if i < old_mid.len() && j < new_mid.len() && old_mid[i] == new_mid[j] {
            lines.push(Line::Same(old_mid[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new_mid.len() || i < old_mid.len() && common[at + width] >= common[at + 1] {
            lines.push(Line::Old(old_mid[i]));
            i += 1;
        } else {
            lines.push(Line::New(new_mid[j]));
            j += 1;
        }
    }
    lines.extend(old_rest[old_rest.len() - tail..].iter().map(|line| Line::Same(line)));
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn changes_are_shown_with_their_surroundings() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let new = "1\n2\n3\n4\nfive\n6\n7\n8\n9\nten\n";
        assert_eq!(unified(old, new), "@@ -2,8 +2,9 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n 9\n+ten\n");
        assert_eq!(unified(old, old), "");
    }

    proptest! {
        #[test]
        fn both_texts_are_in_it(old in "[ab\n]{0,30}", new in "[ab\n]{0,30}") {
            let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
            let lines = compare(&old, &new);
            let side = |is_new: bool| lines.iter().filter_map(move |line| match line {
                Line::Same(line) => Some(*line),
                Line::Old(line) => Some(*line).filter(|_| !is_new),
                Line::New(line) => Some(*line).filter(|_| is_new),
            }).collect::<Vec<_>>();
            prop_assert_eq!(side(false), old);
            prop_assert_eq!(side(true), new);
        }
    }
}
