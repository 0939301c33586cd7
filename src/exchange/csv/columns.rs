//! The columns of a file that is being written: learned from every document, then filled row by row.
//!
//! Learning puts a new path behind the one that comes before it in its document, so that most documents have their members
//! in the header's order. Filling cuts a value into cells only where the header's order is the value's own: a container
//! whose members stand otherwise, or twice, or have no column, travels whole, as JSON, in its own column or in that of the
//! nearest container around it that has one. Invariant: what `fill` has cut up, put together in the header's order, is the
//! same in JSON's sense. For every object in it had its members at ranks that only rise, and every array its elements from
//! 0 on; so going through the tree in order comes by the same leaves in the same order, and by no others.

use super::path::Step;
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
}

impl Columns {
    /// Takes in the paths of the next value. Nothing means that the text ended early, which valid JSON does not.
    pub fn learn(&mut self, id: Id, tokens: &mut Tokens<'_>) -> Option<()> {
        let before = tokens.clone();
        let is_deep = self.tree.node(id)?.depth >= DEEPEST;
        match tokens.next()? {
            Token::BeginObject if !is_deep => self.learn_members(id, tokens),
            Token::BeginArray if !is_deep => self.learn_elements(id, tokens),
            Token::BeginObject | Token::BeginArray => {
                *tokens = before;
                tokens.value()?;
                self.give_column(id)
            }
            _ => self.give_column(id),
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
                self.give_column(id)?;
                continue;
            };
            rank = self.tree.node(child).map(|node| node.rank);
            self.learn(child, tokens)?;
        }
        if is_empty { self.give_column(id) } else { Some(()) }
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
                    self.give_column(id)?;
                }
            }
            index += 1;
        }
        tokens.next()?;
        if index == 0 { self.give_column(id) } else { Some(()) }
    }

    fn add(&mut self, parent: Id, step: Step<'_>, rank: usize) -> Option<Id> {
        let longer = match &step {
            Step::Member(literal) => literal.len(),
            Step::Element(_) => 0,
        };
        let fits = self.count < MOST_LEAVES && self.tree.node(parent)?.length + longer < LONGEST_PATH;
        fits.then(|| self.tree.add(parent, step, rank)).flatten()
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
        let leaves = self.tree.leaves();
        for (number, id) in leaves.iter().enumerate() {
            if let Some(node) = self.tree.node_mut(*id) {
                node.column = Some(number);
            }
        }
        leaves.into_iter().map(|id| self.tree.name(id)).collect()
    }

    /// Cuts the next value into the cells of a row, behind its first ones; false, and none, if it cannot be.
    pub fn fill(&self, tokens: &mut Tokens<'_>, row: &mut Row) -> bool {
        let fits = self.fill_node(ROOT, tokens, row).unwrap_or(false);
        if !fits {
            row.back_to(FIXED.len());
        }
        fits
    }

    /// Passes the value, unless it cannot be cut up. Nothing means the same as in `learn`.
    fn fill_node(&self, id: Id, tokens: &mut Tokens<'_>, row: &mut Row) -> Option<bool> {
        let node = self.tree.node(id)?;
        let before = tokens.clone();
        let mark = row.cells.len();
        let is_cut = match tokens.next()? {
            Token::BeginObject => node.has_children() && self.fill_members(id, tokens, row)?,
            Token::BeginArray => node.has_children() && self.fill_elements(id, tokens, row)?,
            Token::String(literal) => return Some(row.put(node.column, |text| cell::push_string(literal, text))),
            Token::Plain(plain) => return Some(row.put_plain(node.column, plain)),
            _ => return None,
        };
        if is_cut {
            return Some(true);
        }
        row.back_to(mark);
        if node.column.is_none() {
            return Some(false);
        }
        *tokens = before;
        let value = tokens.value()?;
        Some(row.put(node.column, |text| json::compact(value, text)))
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

/// A row that is being filled, kept from row to row for its room.
#[derive(Debug, Default)]
pub struct Row {
    pub cells: csv::ByteRecord,
    /// The cell that is being made.
    pub text: String,
}

impl Row {
    fn back_to(&mut self, cells: usize) {
        self.cells.truncate(cells);
    }

    /// Fills a column; false if there is none. Columns are filled in their order.
    fn put(&mut self, column: Option<usize>, write: impl FnOnce(&mut String)) -> bool {
        self.text.clear();
        write(&mut self.text);
        self.leave_empty(column);
        self.cells.push_field(self.text.as_bytes());
        column.is_some()
    }

    fn put_plain(&mut self, column: Option<usize>, plain: &str) -> bool {
        self.leave_empty(column);
        self.cells.push_field(plain.as_bytes());
        column.is_some()
    }

    /// Leaves the columns up to this one empty.
    pub fn leave_empty(&mut self, column: Option<usize>) {
        for _ in self.cells.len()..column.map_or(0, |column| FIXED.len() + column) {
            self.cells.push_field(b"");
        }
    }
}
