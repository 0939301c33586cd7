//! The columns of a file of ours that is being read, and how a row's cells become one JSON value.
//!
//! Columns may stand in any order: their names say where they belong, and the header's order is that of the members. Knows
//! one row at a time. Invariant: a row either becomes one value that has each of its cells, or is refused with the cell
//! that does not fit.

use super::path::{self, Step};
use super::rows::Rows;
use super::tree::{Id, ROOT, Tree};
use super::{FIXED, Flaw, cell};

/// Where paths have more steps than this, no document reaches.
const DEEPEST: usize = 1024;

pub struct Layout {
    pub collection: usize,
    pub key: usize,
    pub record: usize,
    pub json: usize,
    tree: Tree,
    leaves: Vec<Leaf>,
    /// The columns without a name, which spreadsheets leave behind.
    nameless: Vec<usize>,
}

/// A column of leaves.
pub struct Leaf {
    pub cell: usize,
    /// The nodes from below the root down to it.
    line: Box<[Id]>,
    /// What stands between the value of the column before and this one's, where that does not depend on the row.
    glue: Option<Box<str>>,
}

impl Layout {
    /// Whether this header row is one of ours.
    pub fn is_ours(header: &Rows<'_>) -> bool {
        FIXED.iter().all(|name| (0..header.cells()).filter(|cell| header.cell(*cell) == *name).count() == 1)
    }

    pub fn new(header: &Rows<'_>) -> Result<Layout, Flaw> {
        let cells = || (0..header.cells()).map(|cell| (cell, header.cell(cell)));
        let find = |name| cells().find(|(_, text)| *text == name).map_or(0, |(cell, _)| cell);
        let [collection, key, record, json] = FIXED.map(find);
        let mut layout =
            Layout { collection, key, record, json, tree: Tree::default(), leaves: Vec::new(), nameless: Vec::new() };
        for (cell, name) in cells().filter(|(_, name)| !FIXED.contains(name)) {
            if name.is_empty() {
                layout.nameless.push(cell);
            } else {
                layout.add(cell, name)?;
            }
        }
        let leaf =
            |id| Some(Leaf { cell: layout.tree.node(id)?.column?, line: layout.tree.line(id).into(), glue: None });
        layout.leaves = layout.tree.leaves().into_iter().filter_map(leaf).collect();
        layout.prepare();
        Ok(layout)
    }

    fn prepare(&mut self) {
        let between = |(before, leaf): (&Leaf, &Leaf)| {
            let mut glue = String::new();
            let depends = |_: usize| true;
            self.push_between(Some(before), leaf, &depends, &mut glue).ok().map(|()| glue.into())
        };
        let glues: Vec<Option<Box<str>>> = self.leaves.iter().zip(self.leaves.iter().skip(1)).map(between).collect();
        for (leaf, glue) in self.leaves.iter_mut().skip(1).zip(glues) {
            leaf.glue = glue;
        }
    }

    fn add(&mut self, cell: usize, name: &str) -> Result<(), Flaw> {
        let malformed = || Flaw::new(cell, "the column's name is no path, such as stats.hp, tags[0] or [\"a.b\"].c");
        let mut rest = name;
        let mut id = ROOT;
        while !rest.is_empty() {
            let step = path::take(&mut rest, id == ROOT).ok_or_else(malformed)?;
            let known = match &step {
                Step::Member(literal) => self.tree.member(id, literal, 0),
                Step::Element(index) => self.tree.element(id, *index),
            };
            id = known.or_else(|| self.tree.add(id, step, usize::MAX)).ok_or_else(malformed)?;
            if self.tree.node(id).is_none_or(|node| node.depth > DEEPEST) {
                return Err(Flaw::new(cell, format!("the column's path has more than {DEEPEST} steps")));
            }
        }
        let node = self.tree.node_mut(id).ok_or_else(malformed)?;
        match node.column.replace(cell) {
            Some(_) => Err(Flaw::new(cell, "another column has the same path")),
            None => Ok(()),
        }
    }

    /// Adds the value of a row, compact.
    pub fn push_value(&self, row: &Rows<'_>, into: &mut String) -> Result<(), Flaw> {
        if let Some(cell) = self.nameless.iter().find(|cell| !row.is_empty(**cell)) {
            return Err(Flaw::new(*cell, "the cell's column has no name"));
        }
        if !row.is_empty(self.json) {
            return match self.leaves.iter().find(|leaf| !row.is_empty(leaf.cell)) {
                Some(leaf) => Err(Flaw::new(leaf.cell, "the row has its value in the column json and in cells")),
                None => cell::push_json(row.cell(self.json), into).map_err(|reason| in_cell(self.json, &reason)),
            };
        }
        let is_filled = |cell: usize| !row.is_empty(cell);
        let mut last = None;
        for (at, leaf) in self.leaves.iter().enumerate().filter(|(_, leaf)| is_filled(leaf.cell)) {
            match (&leaf.glue, last) {
                (Some(glue), Some((before, _))) if before + 1 == at => into.push_str(glue),
                _ => self.push_between(last.map(|(_, leaf)| leaf), leaf, &is_filled, into)?,
            }
            cell::push_value(row.cell(leaf.cell), into).map_err(|reason| in_cell(leaf.cell, &reason))?;
            last = Some((at, leaf));
        }
        match last {
            Some((_, last)) => self.close(last, 0, into),
            None => into.push_str("{}"),
        }
        Ok(())
    }

    /// The columns of leaves, in the order of their values; none if that is not the order of the cells, without gaps, behind
    /// those of our own columns.
    pub fn leaves_in_order(&self) -> Option<&[Leaf]> {
        let fixed = [self.collection, self.key, self.record, self.json].into_iter();
        let cells = fixed.chain(self.leaves.iter().map(|leaf| leaf.cell));
        (self.nameless.is_empty() && cells.enumerate().all(|(number, cell)| number == cell)).then_some(&self.leaves)
    }

    /// Adds what stands between the values of two leaves, or before the first one.
    pub fn push_between(
        &self,
        before: Option<&Leaf>,
        leaf: &Leaf,
        is_filled: &dyn Fn(usize) -> bool,
        into: &mut String,
    ) -> Result<(), Flaw> {
        let mut common = 0;
        if let Some(before) = before {
            // What both are in stays open. A leaf itself is nothing to be in.
            let both = before.line.iter().zip(&leaf.line).take(before.line.len().min(leaf.line.len()) - 1);
            common = both.take_while(|(one, other)| one == other).count();
            self.close(before, common + 1, into);
            if self.is_element(before, common) != self.is_element(leaf, common) {
                return Err(Flaw::new(leaf.cell, "the row has members and elements of one and the same value"));
            }
            into.push(',');
        }
        for (depth, id) in leaf.line.iter().enumerate().skip(common) {
            let Some(node) = self.tree.node(*id) else { continue };
            if depth > common || before.is_none() {
                into.push(if node.is_element { '[' } else { '{' });
            }
            if !node.is_element {
                into.push_str(&node.name);
                into.push(':');
            }
            if depth + 1 < leaf.line.len() && node.column.is_some_and(is_filled) {
                let reason = format!("{} has a value of its own and this one in it", self.tree.name(*id));
                return Err(Flaw::new(leaf.cell, reason));
            }
        }
        Ok(())
    }

    /// Whether the step from this depth towards a leaf is one to an element.
    fn is_element(&self, leaf: &Leaf, depth: usize) -> bool {
        leaf.line.get(depth).and_then(|id| self.tree.node(*id)).is_some_and(|node| node.is_element)
    }

    /// Closes the containers that a leaf is in, down from the innermost to that at this depth.
    pub fn close(&self, leaf: &Leaf, depth: usize, into: &mut String) {
        for depth in (depth..leaf.line.len()).rev() {
            into.push(if self.is_element(leaf, depth) { ']' } else { '}' });
        }
    }
}

pub fn in_cell(cell: usize, reason: &str) -> Flaw {
    Flaw::new(cell, format!("the cell {reason}"))
}
