//! The columns of a file that is being written: learned from every document, then filled row by row.
//!
//! Learning puts a new path behind the one that comes before it in its document, so that most documents have their members
//! in the header's order. Filling cuts a value into cells only where the header's order is the value's own: a container
//! whose members stand otherwise, or twice, or have no column, travels whole, as JSON, in its own column or in that of the
//! nearest container around it that has one. Invariant: what `fill` has cut up, put together in the header's order, is the
//! same in JSON's sense. For every object in it had its members at ranks that only rise, and every array its elements from
//! 0 on; so going through the tree in order comes by the same leaves in the same order, and by no others.
//!
//! Values of a known shape (`shapes`) are not taken apart again: all of their paths are there already, and whether they can
//! be cut up depends on no more than what stands between one scalar and the next.

use super::lines::Lines;
use super::path::Step;
use super::shapes::{self, Scalar, Shapes, Trail, mark};
use super::tree::{Id, ROOT, Tree};
use super::{FIXED, cell};
use crate::json::{self, Token, Tokens};
use std::borrow::Cow;

/// Documents add columns up to the first limit; from there to the second, only containers that do not fit add their own.
const MOST_LEAVES: usize = 1500;
const MOST_COLUMNS: usize = 2000;
/// What is deeper than this, or has a longer path, or is an array of more elements, travels as JSON.
const DEEPEST: usize = 32;
const LONGEST_PATH: usize = 1000;
const MOST_ELEMENTS: usize = 64;

#[derive(Debug, Default)]
pub struct Columns {
    tree: Tree,
    count: usize,
    /// Of values that were learned, by their nodes; then of those that were filled in, by their columns.
    shapes: Shapes,
    trail: Trail,
}

impl Columns {
    /// Columns that know shapes of no more than so many bytes, about.
    #[cfg(test)]
    pub fn with_shapes(most_bytes: usize) -> Columns {
        Columns { shapes: Shapes::limited(most_bytes), ..Columns::default() }
    }

    /// Whether a value has the shape of one that was learned; then there is nothing in it to learn.
    pub fn know(&self, text: &str, start: usize) -> bool {
        self.shapes.walk(text, start, |_, _| {})
    }

    /// Takes in the paths of a value, and its shape if it is told where that begins.
    pub fn take_in(&mut self, text: &str, start: Option<usize>) {
        self.trail.begin(text);
        let whole = self.learn(ROOT, &mut Tokens::new(text));
        if let (Some(()), Some(start)) = (whole, start) {
            self.shapes.keep(text, start, &self.trail);
        }
    }

    /// Takes in the paths of the next value. Nothing means that the text ended early, which valid JSON does not.
    fn learn(&mut self, id: Id, tokens: &mut Tokens<'_>) -> Option<()> {
        let before = tokens.clone();
        let is_deep = self.tree.node(id)?.depth >= DEEPEST;
        match tokens.next()? {
            Token::BeginObject if !is_deep => self.learn_members(id, tokens),
            Token::BeginArray if !is_deep => self.learn_elements(id, tokens),
            Token::BeginObject | Token::BeginArray => {
                *tokens = before;
                tokens.value()?;
                self.give_column_to_all(id)
            }
            Token::String(text) | Token::Plain(text) if id != ROOT => {
                self.trail.pass(shapes::FIRST + id, text);
                self.give_column(id)
            }
            _ => self.give_column_to_all(id),
        }
    }

    fn learn_members(&mut self, id: Id, tokens: &mut Tokens<'_>) -> Option<()> {
        let mut rank = None;
        // Looked for once only, as it takes a look at all the rest.
        let mut front = None;
        let mut is_empty = true;
        while let Token::Name(name) = tokens.next()? {
            is_empty = false;
            let next = rank.map(|rank: usize| rank + 1);
            let known = self.tree.member(id, name, next.unwrap_or_default());
            let add = || {
                let next = next.or_else(|| *front.get_or_insert_with(|| self.rank_of_next(id, tokens)));
                self.add(id, Step::Member(Cow::Borrowed(name)), next.unwrap_or(usize::MAX))
            };
            let Some(child) = known.or_else(add) else {
                tokens.value()?;
                self.give_column_to_all(id)?;
                continue;
            };
            rank = self.tree.node(child).map(|node| node.rank);
            self.learn(child, tokens)?;
        }
        if is_empty { self.give_column_to_all(id) } else { Some(()) }
    }

    /// Where the first of an object's coming members stands that is known already.
    fn rank_of_next(&self, id: Id, tokens: &Tokens<'_>) -> Option<usize> {
        let mut tokens = tokens.clone();
        loop {
            tokens.value()?;
            let Some(Token::Name(name)) = tokens.next() else { return None };
            if let Some(known) = self.tree.member(id, name, 0) {
                return self.tree.node(known).map(|node| node.rank);
            }
        }
    }

    fn learn_elements(&mut self, id: Id, tokens: &mut Tokens<'_>) -> Option<()> {
        let mut index = 0;
        // Of an array that is too long for columns, no element gets one.
        let mut may_add = None;
        while !tokens.at_close() {
            let child = self.tree.element(id, index).or_else(|| {
                may_add.get_or_insert_with(|| is_short(index, tokens)).then(|| self.add(id, Step::Element(index), 0))?
            });
            match child {
                Some(child) => self.learn(child, tokens)?,
                None => {
                    tokens.value()?;
                    self.give_column_to_all(id)?;
                }
            }
            index += 1;
        }
        tokens.next()?;
        if index == 0 { self.give_column_to_all(id) } else { Some(()) }
    }

    fn add(&mut self, parent: Id, step: Step<'_>, rank: usize) -> Option<Id> {
        let longer = match &step {
            Step::Member(literal) => literal.len(),
            Step::Element(_) => 0,
        };
        let fits = self.count < MOST_LEAVES && self.tree.node(parent)?.length + longer < LONGEST_PATH;
        fits.then(|| self.tree.add(parent, step, rank)).flatten()
    }

    /// For a value that is no scalar and travels as one.
    fn give_column_to_all(&mut self, id: Id) -> Option<()> {
        self.trail.forget(self.trail.len());
        self.give_column(id)
    }

    fn give_column(&mut self, id: Id) -> Option<()> {
        let node = self.tree.node_mut(id)?;
        if id != ROOT && node.column.is_none() && self.count < MOST_COLUMNS {
            node.column = Some(0);
            self.count += 1;
        }
        Some(())
    }

    /// Ends the learning: gives the columns their numbers, from 0 on, and tells their names.
    pub fn settle(&mut self) -> Vec<String> {
        self.shapes.clear();
        let leaves = self.tree.leaves();
        for (number, id) in leaves.iter().enumerate() {
            if let Some(node) = self.tree.node_mut(*id) {
                node.column = Some(number);
            }
        }
        leaves.into_iter().map(|id| self.tree.name(id)).collect()
    }

    /// Cuts a value of a known shape into the cells of a row, behind its first ones; false, and none, if it cannot be.
    pub fn fill_known(&self, text: &str, start: usize, row: &mut Row) -> bool {
        let before = row.lines.mark();
        let is_known = self.shapes.walk(text, start, |state, scalar| row.put_scalar(state - shapes::FIRST, scalar));
        if !is_known {
            row.lines.back_to(before);
        }
        is_known
    }

    /// Cuts a value into the cells of a row, behind its first ones; false, and none, if it cannot be. Its shape is kept if
    /// it is told where that begins.
    pub fn fill(&mut self, text: &str, start: Option<usize>, row: &mut Row) -> bool {
        let before = row.lines.mark();
        row.trail.begin(text);
        let fits = self.fill_node(ROOT, &mut Tokens::new(text), row).unwrap_or(false);
        match start {
            Some(start) if fits => self.shapes.keep(text, start, &row.trail),
            _ if fits => {}
            _ => row.lines.back_to(before),
        }
        fits
    }

    /// Passes the value, unless it cannot be cut up. Nothing means the same as in `learn`.
    fn fill_node(&self, id: Id, tokens: &mut Tokens<'_>, row: &mut Row) -> Option<bool> {
        let node = self.tree.node(id)?;
        let before = tokens.clone();
        let (mark, stops) = (row.lines.mark(), row.trail.len());
        let is_cut = match tokens.next()? {
            Token::BeginObject => node.has_children() && self.fill_members(id, tokens, row)?,
            Token::BeginArray => node.has_children() && self.fill_elements(id, tokens, row)?,
            Token::String(part) | Token::Plain(part) => {
                let Some(column) = node.column else { return Some(false) };
                row.trail.pass(shapes::FIRST + column, part);
                match part.starts_with('"') {
                    true => row.put(column, |text| cell::push_string(part, text)),
                    false => row.put_plain(column, part),
                }
                return Some(true);
            }
            _ => return None,
        };
        if is_cut {
            return Some(true);
        }
        row.lines.back_to(mark);
        row.trail.forget(stops);
        let Some(column) = node.column else { return Some(false) };
        *tokens = before;
        let value = tokens.value()?;
        row.put(column, |text| json::compact(value, text));
        Some(true)
    }

    /// May stop anywhere if the members cannot be cut up.
    fn fill_members(&self, id: Id, tokens: &mut Tokens<'_>, row: &mut Row) -> Option<bool> {
        let mut next = 0;
        loop {
            let Token::Name(name) = tokens.next()? else { return Some(next > 0) };
            let Some(child) = self.tree.member(id, name, next) else { return Some(false) };
            let rank = self.tree.node(child)?.rank;
            if rank < next || !self.fill_node(child, tokens, row)? {
                return Some(false);
            }
            next = rank + 1;
        }
    }

    fn fill_elements(&self, id: Id, tokens: &mut Tokens<'_>, row: &mut Row) -> Option<bool> {
        let mut index = 0;
        while !tokens.at_close() {
            let Some(child) = self.tree.element(id, index) else { return Some(false) };
            if !self.fill_node(child, tokens, row)? {
                return Some(false);
            }
            index += 1;
        }
        tokens.next();
        Some(index > 0)
    }
}

/// Whether an array, of which `index` elements have passed, is short enough for a column for each element.
fn is_short(index: u64, tokens: &Tokens<'_>) -> bool {
    let room = MOST_ELEMENTS.saturating_sub(usize::try_from(index).unwrap_or(usize::MAX));
    let mut rest = tokens.clone();
    (0..=room).take_while(|_| rest.value().is_some()).count() <= room
}

/// The row that is being filled, with what is kept from row to row for its room.
pub struct Row {
    pub lines: Lines,
    /// The cell that is being made.
    text: String,
    trail: Trail,
}

impl Row {
    pub fn new() -> Row {
        Row { lines: Lines::new(), text: String::new(), trail: Trail::default() }
    }

    /// Adds a cell that somebody else makes.
    pub fn cell(&mut self, write: impl FnOnce(&mut String)) {
        self.text.clear();
        write(&mut self.text);
        self.lines.cell(&self.text);
    }

    /// Adds the cell of a collection or a key.
    pub fn text_cell(&mut self, text: &str) {
        // In one go, as there is no key that is longer than a few dozen bytes.
        let has_special = text.bytes().fold(false, |found, byte| found | (byte < b' ') | matches!(byte, b',' | b'"'));
        if !has_special && cell::is_harmless(text.as_bytes(), text.len()) {
            self.lines.bare_cell(text);
        } else if cell::is_mistakable(text) {
            self.cell(|into| cell::push_text(text, into));
        } else {
            self.lines.cell(text);
        }
    }

    /// Fills a column. Columns are filled in their order.
    fn put(&mut self, column: usize, write: impl FnOnce(&mut String)) {
        self.lines.fill_up(FIXED.len() + column);
        self.cell(write);
    }

    fn put_plain(&mut self, column: usize, plain: &str) {
        self.lines.plain_cell(FIXED.len() + column, plain.as_bytes(), plain.len());
    }

    /// The same for a scalar of a text that is gone through.
    #[inline(always)]
    fn put_scalar(&mut self, column: usize, scalar: Scalar<'_>) {
        let number = FIXED.len() + column;
        if !scalar.is_string() {
            return self.lines.plain_cell(number, scalar.rest, scalar.length);
        }
        let inner = scalar.rest.get(1..).unwrap_or_default();
        let length = scalar.length.saturating_sub(2);
        if scalar.marks & (mark::BACKSLASH | mark::SPECIAL) == 0 && cell::is_harmless(inner, length) {
            return self.lines.plain_cell(number, inner, length);
        }
        let literal = std::str::from_utf8(scalar.text()).unwrap_or_default();
        self.put(column, |text| cell::push_string(literal, text));
    }
}
