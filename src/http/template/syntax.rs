//! Which names a template uses, and whether it keeps to the part of Jinja that
//! templates may use: text, `{{ expressions }}` and `{% if %}`.
//!
//! The tree of the template engine is walked with a list of what is allowed, so
//! that a new kind of node is refused until somebody looks at it. Only this
//! file knows the engine's tree, which may change with any version.

use minijinja::Error;
use minijinja::machinery::ast::{BinOpKind, CallArg, Expr, Filter, IfExpr, Stmt, Test};
use minijinja::machinery::parse;
use minijinja::syntax::SyntaxConfig;

use super::filters::{self, Kind};

/// What was read of a template.
#[derive(Default)]
pub(super) struct Reading {
    /// Every name that is used anywhere.
    pub(super) names: Vec<Used>,
    /// What is not part of the language.
    pub(super) refused: Vec<Refused>,
    /// `or_null` and `or_omit`, where they end an expression.
    pub(super) endings: Vec<Ending>,
    /// One expression is all there is.
    pub(super) lone: bool,
}

/// A name that a template uses.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Used {
    /// `steps["find"].json[0].id` is `steps`, `find`, `json`, `0`, `id`.
    pub(super) path: Vec<String>,
    /// An expression in brackets follows: the rest of the name is not fixed.
    pub(super) open: bool,
    /// The template says what is to be done if it has no value.
    pub(super) optional: bool,
}

/// Something that templates may not do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) what: String,
    pub(super) remedy: String,
}

/// What an expression gives in place of a missing value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Null,
    Omit,
}

/// Reads a template.
///
/// # Errors
/// The engine's syntax error.
pub(super) fn read(source: &str) -> Result<Reading, Error> {
    let tree = parse(source, "template", SyntaxConfig::default())?;
    let mut reading = Reading::default();
    reading.statement(&tree);
    reading.lone = is_lone(&tree);
    Ok(reading)
}

/// White space around the expression does not count.
fn is_lone(tree: &Stmt<'_>) -> bool {
    let Stmt::Template(template) = tree else {
        return false;
    };
    let mut meaning = template
        .children
        .iter()
        .filter(|child| !matches!(child, Stmt::EmitRaw(raw) if raw.raw.trim().is_empty()));
    matches!(
        (meaning.next(), meaning.next()),
        (Some(Stmt::EmitExpr(_)), None)
    )
}

impl Reading {
    fn refuse(&mut self, what: impl Into<String>, remedy: impl Into<String>) {
        self.refused.push(Refused {
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    fn statement(&mut self, statement: &Stmt<'_>) {
        match statement {
            Stmt::Template(template) => self.statements(&template.children),
            Stmt::EmitRaw(_) => {}
            Stmt::EmitExpr(emit) => self.emitted(&emit.expr),
            Stmt::IfCond(choice) => {
                self.expression(&choice.expr);
                self.statements(&choice.true_body);
                self.statements(&choice.false_body);
            }
            Stmt::ForLoop(_) => self.no_statement("for"),
            Stmt::WithBlock(_) => self.no_statement("with"),
            Stmt::Set(_) | Stmt::SetBlock(_) => self.no_statement("set"),
            Stmt::AutoEscape(_) => self.no_statement("autoescape"),
            Stmt::FilterBlock(_) => self.no_statement("filter"),
            Stmt::Do(_) => self.no_statement("do"),
        }
    }

    fn statements(&mut self, statements: &[Stmt<'_>]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn no_statement(&mut self, name: &str) {
        self.refuse(format!("the template has `{{% {name} %}}`"), ONLY);
    }

    /// The expression of `{{ … }}`: only here a value may be left out.
    fn emitted(&mut self, expr: &Expr<'_>) {
        let Expr::Filter(filter) = expr else {
            return self.expression(expr);
        };
        let ending = match filter.name {
            filters::OR_NULL => Ending::Null,
            filters::OR_OMIT => Ending::Omit,
            _ => return self.expression(expr),
        };
        self.endings.push(ending);
        self.arguments(Kind::Filter, filter.name, &filter.args);
        match &filter.expr {
            Some(Expr::Const(constant)) if constant.value.is_none() => {}
            Some(Expr::IfExpr(choice)) => {
                self.expression(&choice.test_expr);
                self.branch(&choice.true_expr);
                if let Some(other) = &choice.false_expr {
                    self.branch(other);
                }
            }
            Some(inner) => self.optional(inner),
            None => {}
        }
    }

    fn expression(&mut self, expr: &Expr<'_>) {
        match expr {
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) => self.name(expr, false),
            Expr::Const(constant) => {
                if constant.value.is_none() {
                    self.refuse(
                        "the template uses `none`",
                        "ask `is defined`, or end the expression with `| or_null` or `| or_omit`",
                    );
                }
            }
            Expr::Slice(slice) => {
                self.expression(&slice.expr);
                for bound in [&slice.start, &slice.stop, &slice.step] {
                    bound.iter().for_each(|bound| self.expression(bound));
                }
            }
            Expr::UnaryOp(operation) => self.expression(&operation.expr),
            Expr::BinOp(operation) => {
                if matches!(operation.op, BinOpKind::Concat) {
                    self.refuse(
                        "the template joins texts with `~`",
                        "write `{{ a }}{{ b }}`, or inside an expression `[a, b] | join('')`",
                    );
                }
                self.expression(&operation.left);
                self.expression(&operation.right);
            }
            Expr::Compare(chain) => {
                self.expression(&chain.expr);
                chain.ops.iter().for_each(|op| self.expression(&op.expr));
            }
            Expr::List(list) => list.items.iter().for_each(|item| self.expression(item)),
            Expr::Map(map) => {
                let parts = map.keys.iter().chain(&map.values);
                parts.for_each(|part| self.expression(part));
            }
            Expr::IfExpr(choice) => self.choice(choice),
            Expr::Filter(filter) => self.filter(filter),
            Expr::Test(test) => self.test(test),
            Expr::Call(_) => self.refuse(
                "the template calls a function",
                "templates have names, operators, filters and tests, but no functions",
            ),
            Expr::Tuple(_) => self.refuse(
                "the template has a list in parentheses",
                "write a list in brackets: `[a, b]`",
            ),
        }
    }

    fn choice(&mut self, choice: &IfExpr<'_>) {
        self.expression(&choice.test_expr);
        self.expression(&choice.true_expr);
        match &choice.false_expr {
            Some(other) => self.expression(other),
            None => self.refuse(
                "an `if` in an expression has no `else`",
                "write `a if condition else b`, or `{{ (a if condition) | or_omit }}`",
            ),
        }
    }

    fn filter(&mut self, filter: &Filter<'_>) {
        let name = filter.name;
        self.arguments(Kind::Filter, name, &filter.args);
        if [filters::OR_NULL, filters::OR_OMIT].contains(&name) {
            self.refuse(
                format!("`{name}` does not end its expression"),
                format!("write `{{{{ … | {name} }}}}`"),
            );
        }
        match &filter.expr {
            Some(inner) if name == filters::DEFAULT => self.optional(inner),
            Some(inner) => self.expression(inner),
            None => {}
        }
    }

    fn test(&mut self, test: &Test<'_>) {
        self.arguments(Kind::Test, test.name, &test.args);
        if test.name == filters::DEFINED {
            self.optional(&test.expr);
        } else {
            self.expression(&test.expr);
        }
    }

    /// An expression of which the template says what follows if it has no value.
    fn optional(&mut self, expr: &Expr<'_>) {
        if let Expr::Filter(filter) = expr
            && !filters::may_give_nothing(filter.name)
        {
            self.refuse(
                format!("`{}` fails on a missing value before the template can say what follows then", filter.name),
                format!("write `a | default('b') | {0}`, or `{{{{ (a | {0} if a is defined) | or_omit }}}}`", filter.name),
            );
        }
        self.branch(expr);
    }

    /// The same, where a condition may already have asked for the value.
    fn branch(&mut self, expr: &Expr<'_>) {
        if matches!(expr, Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_)) {
            self.name(expr, true);
        } else {
            self.expression(expr);
        }
    }

    /// A name with what is below it, from its end to its beginning.
    fn name(&mut self, whole: &Expr<'_>, optional: bool) {
        let (mut path, mut open) = (Vec::new(), false);
        let mut expr = whole;
        loop {
            if let Expr::GetAttr(attribute) = expr {
                path.push(attribute.name.to_owned());
                expr = &attribute.expr;
            } else if let Expr::GetItem(item) = expr {
                if let Some(part) = fixed(&item.subscript_expr) {
                    path.push(part);
                } else {
                    self.expression(&item.subscript_expr);
                    path.clear();
                    open = true;
                }
                expr = &item.expr;
            } else if let Expr::Var(variable) = expr {
                path.push(variable.id.to_owned());
                path.reverse();
                return self.names.push(Used {
                    path,
                    open,
                    optional,
                });
            } else {
                // `(a | default({})).b`: only the name inside can be checked.
                return self.expression(expr);
            }
        }
    }

    fn arguments(&mut self, kind: Kind, name: &str, given: &[CallArg<'_>]) {
        for argument in given {
            match argument {
                CallArg::Pos(expr) => self.expression(expr),
                CallArg::Kwarg(..) | CallArg::PosSplat(_) | CallArg::KwargSplat(_) => self.refuse(
                    format!("an argument of `{name}` has a name or a `*`"),
                    format!("write `{name}(argument)`"),
                ),
            }
        }
        if let Err((what, remedy)) = filters::check(kind, name, given.len()) {
            self.refuse(what, remedy);
        }
    }
}

/// The name or index in brackets, if it is written there.
fn fixed(subscript: &Expr<'_>) -> Option<String> {
    let value = subscript.as_const()?;
    match value.as_str() {
        Some(text) => Some(text.to_owned()),
        None => value.as_i64().map(|index| index.to_string()),
    }
}

/// What is said of every other statement.
pub(super) const ONLY: &str = "templates have text, `{{ expressions }}` and `{% if %}`; loops and variables are not part of them";
