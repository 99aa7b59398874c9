//! The language of einsum: `ij,jk->ik`, with `...` for the axes that are not named.

/// An index: a letter, or an axis that `...` stands for, counted from the last of them.
pub(super) type Label = usize;

/// The first label that is an axis of an ellipsis.
const ELLIPSIS: Label = 128;

/// The indices of every operand and, where it is written, of the result.
pub(super) struct Subscripts {
    pub(super) inputs: Vec<Term>,
    output: Option<Term>,
}

/// The indices of one array, and those after `...` if it stands among them.
pub(super) struct Term {
    before: Vec<Label>,
    after: Option<Vec<Label>>,
}

/// A label in words.
pub(super) fn name(label: Label) -> String {
    match u8::try_from(label) {
        Ok(letter) if label < ELLIPSIS => format!("'{}'", char::from(letter)),
        _ => format!("'...' (axis {} from the end)", label - ELLIPSIS + 1),
    }
}

/// Reads subscripts, or says in a sentence what is wrong with them.
pub(super) fn parse(text: &str) -> Result<Subscripts, String> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (inputs, output) = match compact.split_once("->") {
        Some((inputs, output)) => (inputs, Some(output)),
        None => (compact.as_str(), None),
    };
    Ok(Subscripts {
        inputs: inputs.split(',').map(term).collect::<Result<_, _>>()?,
        output: output.map(term).transpose()?,
    })
}

fn term(text: &str) -> Result<Term, String> {
    let (before, after) = match text.split_once("...") {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    };
    Ok(Term { before: labels(before)?, after: after.map(labels).transpose()? })
}

fn labels(text: &str) -> Result<Vec<Label>, String> {
    let label = |c: char| match c {
        'a'..='z' | 'A'..='Z' => Ok(c as Label),
        '.' => Err("an ellipsis is written `...`, once for each array".into()),
        _ => Err(format!("'{c}' does not belong in subscripts: letters, ',', '...' and one '->' do")),
    };
    text.chars().map(label).collect()
}

impl Term {
    /// How many axes are named.
    pub(super) fn named(&self) -> usize {
        self.before.len() + self.after.as_ref().map_or(0, Vec::len)
    }

    /// A label for each of `rank` axes; `None` if the array has too few or too many.
    pub(super) fn labels(&self, rank: usize) -> Option<Vec<Label>> {
        let unnamed = rank.checked_sub(self.named())?;
        match &self.after {
            None => (unnamed == 0).then(|| self.before.clone()),
            Some(after) => Some([self.before.clone(), ellipsis(unnamed), after.clone()].concat()),
        }
    }
}

fn ellipsis(axes: usize) -> Vec<Label> {
    (0..axes).rev().map(|i| ELLIPSIS + i).collect()
}

impl Subscripts {
    /// The labels of the result, from those of the operands: as written, or the axes of `...` and
    /// then every letter that occurs once, in alphabetical order.
    pub(super) fn output(&self, inputs: &[Vec<Label>]) -> Result<Vec<Label>, String> {
        let all: Vec<Label> = inputs.concat();
        let unnamed = all.iter().filter_map(|l| l.checked_sub(ELLIPSIS)).max().map_or(0, |last| last + 1);
        let Some(output) = &self.output else {
            let mut once: Vec<Label> =
                all.iter().copied().filter(|l| *l < ELLIPSIS && all.iter().filter(|m| *m == l).count() == 1).collect();
            once.sort_unstable();
            return Ok([ellipsis(unnamed), once].concat());
        };
        if unnamed > 0 && output.after.is_none() {
            return Err("'...' stands for axes of the inputs, so the output must hold '...' too".into());
        }
        let labels =
            output.labels(output.named() + if output.after.is_some() { unnamed } else { 0 }).unwrap_or_default();
        for (i, label) in labels.iter().enumerate() {
            if !all.contains(label) {
                return Err(format!("the output index {} is in none of the inputs", name(*label)));
            }
            if labels[..i].contains(label) {
                return Err(format!("the output index {} is named twice", name(*label)));
            }
        }
        Ok(labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, ranks: &[usize]) -> Result<String, String> {
        let subscripts = parse(text)?;
        let inputs: Vec<_> = subscripts.inputs.iter().zip(ranks).map(|(t, &r)| t.labels(r).unwrap()).collect();
        let letter =
            |l: &Label| if *l < ELLIPSIS { *l as u8 as char } else { char::from(b'0' + (*l - ELLIPSIS) as u8) };
        Ok(subscripts.output(&inputs)?.iter().map(letter).collect())
    }

    #[test]
    fn an_output_left_out_holds_every_index_that_occurs_once() {
        assert_eq!(read("kj, ji", &[2, 2]).unwrap(), "ik");
        assert_eq!(read("ii", &[2]).unwrap(), "");
        assert_eq!(read("b...a,...", &[4, 1]).unwrap(), "10ab");
        assert_eq!(read("ij,jk->ki", &[2, 2]).unwrap(), "ki");
    }

    #[test]
    fn what_is_wrong_is_said_in_words() {
        for (text, ranks, part) in [
            ("i1", &[2][..], "'1' does not belong"),
            ("i..j", &[2], "written `...`"),
            ("i->j", &[1], "'j' is in none"),
            ("ij->ii", &[2], "'i' is named twice"),
            ("i...->i", &[2], "must hold '...'"),
            ("i->i->i", &[1], "'-' does not belong"),
        ] {
            let error = read(text, ranks).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
