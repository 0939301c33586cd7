//! All paths of a file as one tree: its nodes are the places that documents have in common, its leaves the columns.
//!
//! Holds names and order, no values. Below a node stand first its own column, if it has one, then its members in order,
//! then its elements by index; that is the order of the header. Invariant: `rank` is a member's place among its siblings,
//! always.

use super::path::{self, Step};
use std::borrow::Cow;
use std::collections::HashMap;

pub type Id = usize;

/// The node that stands for a row's whole value. It has no column of its own: that is what `json` is for.
pub const ROOT: Id = 0;

#[derive(Debug, Default)]
pub struct Node {
    /// A member's name as a canonical literal; empty for elements.
    pub name: Box<str>,
    /// An element's index.
    pub index: u64,
    pub is_element: bool,
    pub parent: Id,
    /// The number of steps from the root, and the length of the path's name if all steps stood in brackets.
    pub depth: usize,
    pub length: usize,
    pub rank: usize,
    /// The column that holds the value when it is a scalar or travels as JSON.
    pub column: Option<usize>,
    members: Vec<Id>,
    by_name: HashMap<Box<str>, Id>,
    elements: Vec<Id>,
}

impl Node {
    fn step(&self) -> Step<'_> {
        if self.is_element { Step::Element(self.index) } else { Step::Member(Cow::Borrowed(&self.name)) }
    }

    pub fn has_children(&self) -> bool {
        !self.members.is_empty() || !self.elements.is_empty()
    }
}

#[derive(Debug)]
pub struct Tree {
    nodes: Vec<Node>,
}

impl Default for Tree {
    fn default() -> Tree {
        Tree { nodes: vec![Node::default()] }
    }
}

impl Tree {
    pub fn node(&self, id: Id) -> Option<&Node> {
        self.nodes.get(id)
    }

    pub fn node_mut(&mut self, id: Id) -> Option<&mut Node> {
        self.nodes.get_mut(id)
    }

    /// The member with this name, which is given as any literal. It is mostly found at `rank` or soon behind: documents of
    /// one kind have their members in one order.
    pub fn member(&self, parent: Id, literal: &str, rank: usize) -> Option<Id> {
        let node = self.nodes.get(parent)?;
        let is_it = |id: &&Id| self.nodes.get(**id).is_some_and(|node| *node.name == *literal);
        if let Some(id) = node.members.get(rank..).unwrap_or_default().iter().take(4).find(is_it) {
            return Some(*id);
        }
        node.by_name.get(&*path::canonical(literal)).copied()
    }

    pub fn element(&self, parent: Id, index: u64) -> Option<Id> {
        let elements = &self.nodes.get(parent)?.elements;
        // Without gaps, which is what the writer has, an element stands at its index.
        let expected = usize::try_from(index).ok().and_then(|at| elements.get(at)).copied();
        if expected.and_then(|id| self.nodes.get(id)).is_some_and(|node| node.index == index) {
            return expected;
        }
        self.place(elements, index).ok().and_then(|at| elements.get(at)).copied()
    }

    /// Where an element stands, or would.
    fn place(&self, elements: &[Id], index: u64) -> Result<usize, usize> {
        elements.binary_search_by_key(&index, |id| self.nodes.get(*id).map_or(0, |node| node.index))
    }

    /// Adds a child that is not there yet: a member at `rank` or behind the others, an element at its index.
    pub fn add(&mut self, parent: Id, step: Step<'_>, rank: usize) -> Option<Id> {
        let id = self.nodes.len();
        let above = self.nodes.get(parent)?;
        let mut node = Node { parent, depth: above.depth + 1, length: above.length, ..Node::default() };
        match step {
            Step::Member(literal) => {
                node.name = Box::from(&*path::canonical(&literal));
                node.length += node.name.len() + "[]".len();
                node.rank = rank.min(above.members.len());
                let above = self.nodes.get_mut(parent)?;
                above.by_name.insert(node.name.clone(), id);
                above.members.insert(node.rank, id);
                let moved = above.members.get(node.rank + 1..).unwrap_or_default().to_vec();
                for id in moved {
                    self.nodes.get_mut(id)?.rank += 1;
                }
            }
            Step::Element(index) => {
                node.is_element = true;
                node.index = index;
                node.length += "[18446744073709551615]".len();
                let at = self.place(&above.elements, index).unwrap_or_else(|at| at);
                self.nodes.get_mut(parent)?.elements.insert(at, id);
            }
        }
        self.nodes.push(node);
        Some(id)
    }

    /// The nodes that have a column, in the header's order.
    pub fn leaves(&self) -> Vec<Id> {
        let mut leaves = Vec::new();
        // By hand, not by recursion: a header may be as deep as someone wrote it.
        let mut waiting = vec![ROOT];
        while let Some(id) = waiting.pop() {
            let Some(node) = self.nodes.get(id) else { continue };
            leaves.extend(node.column.map(|_| id));
            waiting.extend(node.elements.iter().rev());
            waiting.extend(node.members.iter().rev());
        }
        leaves
    }

    /// The nodes from below the root down to this one.
    pub fn line(&self, mut id: Id) -> Vec<Id> {
        let mut line = Vec::new();
        while let Some(node) = self.nodes.get(id).filter(|_| id != ROOT) {
            line.push(id);
            id = node.parent;
        }
        line.reverse();
        line
    }

    pub fn name(&self, id: Id) -> String {
        let mut name = String::new();
        for node in self.line(id).into_iter().filter_map(|id| self.nodes.get(id)) {
            path::push(&node.step(), &mut name);
        }
        name
    }
}
