//! What the C ABI is, as text: one line for each constant, type, callback, structure, enumeration and function.
//!
//! Reads the Rust sources that the header is generated from, and reads and writes the committed description. It judges
//! nothing. Invariant: what it cannot describe is an error, never left out; sizes and alignments are those that every
//! 64-bit platform gives, and `witness` has C compilers confirm each line.

use std::collections::BTreeMap;

/// The constant that numbers the ABI. It heads the description and is no line of its own.
const NUMBER: &str = "COFFER_ABI_VERSION";
const POINTER: Layout = Layout { size: 8, align: 8 };

/// One state of the ABI: of a release, or of the sources now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    pub version: String,
    pub abi: u32,
    /// What there is, by kind and name: `("constant", "COFFER_OK")` is `"0"`.
    pub items: BTreeMap<(Kind, String), String>,
}

/// The kinds, in the order in which a description lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Constant,
    Type,
    Struct,
    Enum,
    /// A value of an enumeration, `NAME.VALUE`.
    Value,
    Callback,
    Function,
}

const KINDS: [(Kind, &str); 7] = [
    (Kind::Constant, "constant"),
    (Kind::Type, "type"),
    (Kind::Struct, "struct"),
    (Kind::Enum, "enum"),
    (Kind::Value, "value"),
    (Kind::Callback, "callback"),
    (Kind::Function, "function"),
];

impl Kind {
    pub fn word(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }
}

/// Size and alignment in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    size: u64,
    align: u64,
}

/// The numbers of C by their Rust names: name in C, size, and whether negative ones are among them.
const NUMBERS: [(&str, &str, u64, bool); 13] = [
    ("i8", "int8_t", 1, true),
    ("u8", "uint8_t", 1, false),
    ("i16", "int16_t", 2, true),
    ("u16", "uint16_t", 2, false),
    ("i32", "int32_t", 4, true),
    ("u32", "uint32_t", 4, false),
    ("i64", "int64_t", 8, true),
    ("u64", "uint64_t", 8, false),
    ("usize", "size_t", 8, false),
    ("f32", "float", 4, true),
    ("f64", "double", 8, true),
    // Whether `char` is signed differs by platform; it stands behind pointers only.
    ("c_char", "char", 1, false),
    ("bool", "bool", 1, false),
];

impl Description {
    /// The ABI that Rust source files declare.
    pub fn of_sources<'a>(version: &str, texts: impl IntoIterator<Item = &'a str>) -> Result<Description, String> {
        let mut sources = Sources::default();
        for text in texts {
            let file = syn::parse_file(text).map_err(|error| format!("a source is no Rust: {error}"))?;
            for item in file.items {
                sources.take(item)?;
            }
        }
        sources.describe(version)
    }

    /// Reads what `text` wrote.
    pub fn of_text(text: &str) -> Result<Description, String> {
        let mut read = Description { version: String::new(), abi: 0, items: BTreeMap::new() };
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let wrong = |what: &str| format!("line {} of the description {what}: {line}", number + 1);
            let (word, rest) = line.split_once(' ').ok_or_else(|| wrong("has no second word"))?;
            match word {
                "version" => read.version = rest.to_owned(),
                "abi" => read.abi = rest.parse().map_err(|_| wrong("has no number"))?,
                _ => {
                    let kind = KINDS.iter().find(|(_, known)| *known == word).ok_or_else(|| wrong("begins oddly"))?.0;
                    let (name, what) = rest.split_once(" = ").ok_or_else(|| wrong("has no ` = `"))?;
                    if read.items.insert((kind, name.to_owned()), what.to_owned()).is_some() {
                        return Err(wrong("names what an earlier line names"));
                    }
                }
            }
        }
        match read {
            Description { abi: 0, .. } => Err("the description has no line `abi NUMBER`".to_owned()),
            Description { version, .. } if version.is_empty() => {
                Err("the description has no line `version NUMBER`".to_owned())
            }
            read => Ok(read),
        }
    }

    /// The description as text, without its head comment.
    pub fn text(&self) -> String {
        let mut text = format!("version {}\nabi {}\n", self.version, self.abi);
        let mut before = None;
        for ((kind, name), what) in &self.items {
            if before.replace(*kind) != Some(*kind) {
                text.push('\n');
            }
            text += &format!("{} {name} = {what}\n", kind.word());
        }
        text
    }

    pub fn names(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.items.keys().filter(move |(one, _)| *one == kind).map(|(_, name)| name.as_str())
    }
}

/// The declarations of the sources, gathered first: a type may stand in a file behind the one that uses it.
#[derive(Default)]
struct Sources {
    constants: Vec<syn::ItemConst>,
    types: BTreeMap<String, syn::ItemType>,
    structs: BTreeMap<String, syn::ItemStruct>,
    enums: BTreeMap<String, syn::ItemEnum>,
    functions: Vec<syn::ItemFn>,
}

fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

/// Whether `#[name(word)]` is among the attributes.
fn has(attributes: &[syn::Attribute], name: &str, word: &str) -> bool {
    attributes
        .iter()
        .any(|one| one.path().is_ident(name) && one.parse_args::<syn::Ident>().is_ok_and(|argument| argument == word))
}

impl Sources {
    fn take(&mut self, item: syn::Item) -> Result<(), String> {
        match item {
            syn::Item::Const(item) if is_public(&item.vis) => self.constants.push(item),
            syn::Item::Type(item) if is_public(&item.vis) => {
                self.types.insert(item.ident.to_string(), item);
            }
            syn::Item::Struct(item) if item.attrs.iter().any(|one| one.path().is_ident("repr")) => {
                if !has(&item.attrs, "repr", "C") {
                    return Err(format!("struct {} has a form that cannot be described", item.ident));
                }
                self.structs.insert(item.ident.to_string(), item);
            }
            syn::Item::Enum(item) if item.attrs.iter().any(|one| one.path().is_ident("repr")) => {
                self.enums.insert(item.ident.to_string(), item);
            }
            syn::Item::Union(item) if is_public(&item.vis) => {
                return Err(format!("union {}: unions cannot be described yet", item.ident));
            }
            syn::Item::Static(item) if has(&item.attrs, "unsafe", "no_mangle") => {
                return Err(format!("{}: exported data cannot be described", item.ident));
            }
            syn::Item::Fn(item) if has(&item.attrs, "unsafe", "no_mangle") => self.functions.push(item),
            _ => {}
        }
        Ok(())
    }

    fn describe(&self, version: &str) -> Result<Description, String> {
        let mut items = BTreeMap::new();
        let mut abi = None;
        for item in &self.constants {
            let value = constant(&item.expr).map_err(|what| format!("constant {}: {what}", item.ident))?;
            if item.ident == NUMBER {
                abi = u32::try_from(value).ok();
            } else {
                items.insert((Kind::Constant, item.ident.to_string()), value.to_string());
            }
        }
        for (name, item) in &self.types {
            let at = |what: String| format!("type {name}: {what}");
            match called(&item.ty) {
                Some(called) => {
                    let what =
                        self.signature(called.inputs.iter().map(argument_of_type), &called.output).map_err(at)?;
                    items.insert((Kind::Callback, name.clone()), what);
                }
                None => {
                    let layout = self.layout(&item.ty).map_err(at)?;
                    let what = format!("{}, {}", self.c(&item.ty).map_err(at)?, shown(layout));
                    let sign = match self.is_signed(&item.ty) {
                        Some(true) => ", signed",
                        Some(false) => ", unsigned",
                        None => "",
                    };
                    items.insert((Kind::Type, name.clone()), what + sign);
                }
            }
        }
        for (name, item) in &self.structs {
            let what = self.structure(item).map_err(|what| format!("struct {name}: {what}"))?;
            items.insert((Kind::Struct, name.clone()), what);
        }
        for (name, item) in &self.enums {
            self.enumeration(item, &mut items).map_err(|what| format!("enum {name}: {what}"))?;
        }
        for item in &self.functions {
            let name = item.sig.ident.to_string();
            let what = self
                .signature(item.sig.inputs.iter().map(argument_of_function), &item.sig.output)
                .map_err(|what| format!("function {name}: {what}"))?;
            items.insert((Kind::Function, name), what);
        }
        let abi = abi.ok_or_else(|| format!("the sources have no constant {NUMBER}"))?;
        Ok(Description { version: version.to_owned(), abi, items })
    }

    /// `coffer_status (coffer_db db, char **out_json)`.
    fn signature<'a>(
        &self,
        arguments: impl Iterator<Item = Result<(String, &'a syn::Type), String>>,
        output: &syn::ReturnType,
    ) -> Result<String, String> {
        let result = match output {
            syn::ReturnType::Default => "void".to_owned(),
            syn::ReturnType::Type(_, kind) => self.c(kind)?,
        };
        let mut texts = Vec::new();
        for argument in arguments {
            let (name, kind) = argument?;
            texts.push(declared(&self.c(kind)?, &name));
        }
        let texts = if texts.is_empty() { "void".to_owned() } else { texts.join(", ") };
        Ok(format!("{result} ({texts})"))
    }

    fn structure(&self, item: &syn::ItemStruct) -> Result<String, String> {
        let (mut end, mut align, mut fields) = (0_u64, 1, Vec::new());
        for field in &item.fields {
            let name = field.ident.as_ref().ok_or("its fields have no names")?;
            let layout = self.layout(&field.ty)?;
            let offset = end.next_multiple_of(layout.align);
            fields.push(format!("{} at {offset}", declared(&self.c(&field.ty)?, &name.to_string())));
            (end, align) = (offset + layout.size, align.max(layout.align));
        }
        let layout = Layout { size: end.next_multiple_of(align), align };
        Ok(format!("{}: {}", shown(layout), fields.join("; ")))
    }

    fn enumeration(&self, item: &syn::ItemEnum, items: &mut BTreeMap<(Kind, String), String>) -> Result<(), String> {
        let width = self.enum_width(item)?;
        let layout = Layout { size: width.2, align: width.2 };
        let name = item.ident.to_string();
        items.insert((Kind::Enum, name.clone()), format!("{}, {}", width.1, shown(layout)));
        let mut next = 0;
        for variant in &item.variants {
            if !variant.fields.is_empty() {
                return Err(format!("{} holds data, which cannot be described", variant.ident));
            }
            if let Some((_, value)) = &variant.discriminant {
                next = constant(value)?;
            }
            items.insert((Kind::Value, format!("{name}.{}", variant.ident)), next.to_string());
            next += 1;
        }
        Ok(())
    }

    fn enum_width(&self, item: &syn::ItemEnum) -> Result<(&'static str, &'static str, u64), String> {
        let found = NUMBERS.iter().find(|(rust, ..)| has(&item.attrs, "repr", rust));
        let (rust, c, size, _) = found.ok_or("say its width, as `#[repr(i32)]`: that of `C` differs by platform")?;
        Ok((rust, c, *size))
    }

    /// A type as C writes it.
    fn c(&self, kind: &syn::Type) -> Result<String, String> {
        match kind {
            syn::Type::Path(path) => {
                let name = last(path)?;
                if let Some((_, c, ..)) = NUMBERS.iter().find(|(rust, ..)| *rust == name) {
                    return Ok((*c).to_owned());
                }
                match name.as_str() {
                    "c_void" => Ok("void".to_owned()),
                    known if self.knows(known) => Ok(name),
                    _ => Err(format!("{name} is no type of the interface")),
                }
            }
            syn::Type::Ptr(pointer) => {
                let target = self.c(&pointer.elem)?;
                Ok(match (target.ends_with('*'), pointer.const_token.is_some()) {
                    (true, true) => format!("{target}const *"),
                    (true, false) => format!("{target}*"),
                    (false, true) => format!("const {target} *"),
                    (false, false) => format!("{target} *"),
                })
            }
            other => Err(undescribed(other)),
        }
    }

    fn knows(&self, name: &str) -> bool {
        self.types.contains_key(name) || self.structs.contains_key(name) || self.enums.contains_key(name)
    }

    fn layout(&self, kind: &syn::Type) -> Result<Layout, String> {
        if matches!(kind, syn::Type::Ptr(_)) || called(kind).is_some() {
            return Ok(POINTER);
        }
        let syn::Type::Path(path) = kind else { return self.c(kind).map(|_| POINTER) };
        let name = last(path)?;
        if let Some((_, _, size, _)) = NUMBERS.iter().find(|(rust, ..)| *rust == name) {
            return Ok(Layout { size: *size, align: *size });
        }
        if let Some(alias) = self.types.get(&name) {
            return self.layout(&alias.ty);
        }
        if let Some(item) = self.enums.get(&name) {
            let (.., size) = self.enum_width(item)?;
            return Ok(Layout { size, align: size });
        }
        let item = self.structs.get(&name).ok_or_else(|| format!("{name} has no size"))?;
        let (mut end, mut align) = (0_u64, 1);
        for field in &item.fields {
            let layout = self.layout(&field.ty)?;
            (end, align) = (end.next_multiple_of(layout.align) + layout.size, align.max(layout.align));
        }
        Ok(Layout { size: end.next_multiple_of(align), align })
    }

    /// Of a number, whether negative ones are among them.
    fn is_signed(&self, kind: &syn::Type) -> Option<bool> {
        let syn::Type::Path(path) = kind else { return None };
        let name = last(path).ok()?;
        match self.types.get(&name) {
            Some(alias) => self.is_signed(&alias.ty),
            None => NUMBERS.iter().find(|(rust, ..)| *rust == name).map(|(.., signed)| *signed),
        }
    }
}

fn shown(layout: Layout) -> String {
    format!("size {}, align {}", layout.size, layout.align)
}

/// A type and a name as a declaration: `char **out`, `int32_t code`.
fn declared(kind: &str, name: &str) -> String {
    if kind.ends_with('*') { format!("{kind}{name}") } else { format!("{kind} {name}") }
}

fn last(path: &syn::TypePath) -> Result<String, String> {
    match path.path.segments.last() {
        Some(segment) if segment.arguments.is_none() => Ok(segment.ident.to_string()),
        _ => Err(undescribed(path)),
    }
}

fn undescribed(kind: &impl quote::ToTokens) -> String {
    format!("a type that cannot be described, give it a name: {}", kind.to_token_stream())
}

/// The function type of a callback, `Option<unsafe extern "C" fn(…)>`.
fn called(kind: &syn::Type) -> Option<&syn::TypeBareFn> {
    match kind {
        syn::Type::BareFn(called) => Some(called),
        syn::Type::Path(path) => match &path.path.segments.last()?.arguments {
            syn::PathArguments::AngleBracketed(arguments) => match arguments.args.first()? {
                syn::GenericArgument::Type(syn::Type::BareFn(called)) => Some(called),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn argument_of_type(argument: &syn::BareFnArg) -> Result<(String, &syn::Type), String> {
    let (name, _) = argument.name.as_ref().ok_or("a parameter has no name")?;
    Ok((name.to_string(), &argument.ty))
}

fn argument_of_function(argument: &syn::FnArg) -> Result<(String, &syn::Type), String> {
    match argument {
        syn::FnArg::Typed(syn::PatType { pat, ty, .. }) => match &**pat {
            syn::Pat::Ident(name) => Ok((name.ident.to_string(), ty)),
            _ => Err("a parameter has no name".to_owned()),
        },
        syn::FnArg::Receiver(_) => Err("it takes self".to_owned()),
    }
}

/// The value of a whole number that is written out.
fn constant(value: &syn::Expr) -> Result<i128, String> {
    match value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(number), .. }) => {
            number.base10_parse().map_err(|error| error.to_string())
        }
        syn::Expr::Unary(syn::ExprUnary { op: syn::UnOp::Neg(_), expr, .. }) => Ok(-constant(expr)?),
        _ => Err("its value is no whole number that is written out".to_owned()),
    }
}
