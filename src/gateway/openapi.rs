//! The OpenAPI document: what the API is, for people and programs.
//!
//! It is made from the endpoints as they are, with those of plug-ins. Invariant: what is said of an endpoint's checks
//! (token, limit, body) is said from the same values that the checks use.

use super::endpoints::{Answers, Endpoint, Takes};
use super::guard::Access;
use super::message::JSON;
use super::operations;
use super::problem::{MEDIA_TYPE, ProblemText};
use std::sync::Arc;
use utoipa::openapi::path::{Operation, OperationBuilder, ParameterBuilder, ParameterIn, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder, ResponsesBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Content, Header, HttpMethod, InfoBuilder, OpenApiBuilder, Ref, RefOr, Required, Server,
};
use utoipa::{PartialSchema, ToSchema};

const TOKEN: &str = "token";
/// The name of the response that problems share.
const PROBLEM: &str = "Problem";

type Named = (String, RefOr<Schema>);
type Parameter = (ParameterIn, &'static str, ObjectBuilder, bool);

/// What an endpoint says of itself.
pub struct Described {
    parameters: Vec<Parameter>,
    operation: OperationBuilder,
    responses: ResponsesBuilder,
    body: Option<RequestBodyBuilder>,
    schemas: Vec<Named>,
    needs_token: bool,
}

/// A text of any form.
pub struct Text(RefOr<Schema>, Vec<Named>);

impl From<ObjectBuilder> for Text {
    fn from(schema: ObjectBuilder) -> Text {
        Text(schema.into(), Vec::new())
    }
}

/// Any JSON value.
pub fn any() -> Text {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue).into()
}

/// What a type is as JSON.
pub fn text_of<T: ToSchema>() -> Text {
    let mut schemas = Vec::new();
    T::schemas(&mut schemas);
    let schema = T::schema();
    // What has members has a name; a list is written where it stands.
    if let RefOr::T(Schema::Object(_)) = schema {
        let name = T::name().into_owned();
        schemas.push((name.clone(), schema));
        return Text(Ref::from_schema_name(name).into(), schemas);
    }
    Text(schema, schemas)
}

fn problem() -> RefOr<Response> {
    Ref::from_response_name(PROBLEM).into()
}

impl Described {
    fn bare(summary: &str) -> Described {
        let responses = ResponsesBuilder::new();
        let responses = ["400", "403", "421", "429", "500", "503"]
            .into_iter()
            .fold(responses, |all, one| all.response(one, problem()));
        Described {
            parameters: Vec::new(),
            operation: OperationBuilder::new().summary(Some(summary)),
            responses,
            body: None,
            schemas: Vec::new(),
            needs_token: true,
        }
    }

    pub fn new(summary: &str) -> Described {
        Described::bare(summary).problem(401, "")
    }

    /// A file of the page, which everybody gets.
    pub fn page(summary: &str) -> Described {
        Described { needs_token: false, ..Described::bare(summary) }
    }

    pub fn takes(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Described {
        self.parameters.extend(parameters);
        self
    }

    /// A problem besides those that every endpoint has; `_why` is for who reads the description in the source.
    pub fn problem(mut self, status: u16, _why: &str) -> Described {
        self.responses = self.responses.response(status.to_string(), problem());
        self
    }

    pub fn sends(mut self, status: u16, what: &str, media_types: &[&str], text: impl Into<Text>) -> Described {
        let Text(schema, schemas) = text.into();
        self.schemas.extend(schemas);
        let mut response = ResponseBuilder::new().description(what);
        for media_type in media_types {
            response = response.content(*media_type, Content::new(Some(schema.clone())));
        }
        self.responses = self.responses.response(status.to_string(), response.build());
        self
    }

    pub fn answers<T: ToSchema>(self) -> Described {
        self.sends(200, "The answer", &[JSON], text_of::<T>())
    }

    pub fn empty(mut self, status: u16, what: &str) -> Described {
        self.responses = self.responses.response(status.to_string(), ResponseBuilder::new().description(what).build());
        self
    }

    pub fn unchanged(self) -> Described {
        self.empty(304, "You have it already")
    }

    /// Its answers carry a tag.
    pub fn tagged(mut self) -> Described {
        let mut responses = self.responses.build();
        if let Some(RefOr::T(answer)) = responses.responses.get_mut("200") {
            let text = ObjectBuilder::new().schema_type(Type::String);
            answer.headers.insert("ETag".to_owned(), Header::new(text));
        }
        self.responses = responses.into();
        self
    }

    pub fn body(mut self, media_types: &[&str], text: impl Into<Text>, is_required: bool) -> Described {
        let Text(schema, schemas) = text.into();
        self.schemas.extend(schemas);
        let required = if is_required { Required::True } else { Required::False };
        let mut body = self.body.unwrap_or_default().required(Some(required));
        for media_type in media_types {
            body = body.content(*media_type, Content::new(Some(schema.clone())));
        }
        self.body = Some(body);
        self.problem(413, "").problem(415, "")
    }

    /// A body that may be left out.
    pub fn reads<T: ToSchema>(self) -> Described {
        self.body(&[JSON], text_of::<T>(), false)
    }

    #[cfg(test)]
    pub fn names(&self, place: ParameterIn) -> Vec<&'static str> {
        self.parameters.iter().filter(|one| one.0 == place).map(|one| one.1).collect()
    }

    fn build(self, endpoint: &Endpoint) -> (Operation, Vec<Named>) {
        let limit = format!("At most {} requests a minute.", endpoint.window.per_minute());
        let mut operation = self.operation.operation_id(Some(endpoint.id.clone())).description(Some(limit));
        for (place, name, schema, is_required) in self.parameters {
            let required = if is_required { Required::True } else { Required::False };
            let parameter =
                ParameterBuilder::new().name(name).parameter_in(place).required(required).schema(Some(schema));
            operation = operation.parameter(parameter);
        }
        operation = operation.request_body(self.body.map(RequestBodyBuilder::build)).responses(self.responses);
        if self.needs_token {
            operation = operation.security(SecurityRequirement::new(TOKEN, [""; 0]));
        }
        (operation.build(), self.schemas)
    }
}

/// What is known of a plug-in's endpoint.
fn of_plugin(endpoint: &Endpoint) -> (Operation, Vec<Named>) {
    let mut described = Described::new("An endpoint of a plug-in")
        .sends(200, "The plug-in's answer", &[JSON], any())
        .empty(204, "The plug-in answered nothing")
        .problem(502, "The plug-in failed")
        .problem(504, "The plug-in did not answer in time");
    if endpoint.takes != Takes::Nothing {
        described = described.body(&[JSON], any(), false);
    }
    let (mut operation, schemas) = described.build(endpoint);
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let names = endpoint.path.split('/').filter_map(|piece| piece.strip_prefix('{')?.strip_suffix('}'));
    let parameters = names.map(|name| {
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path);
        parameter.required(Required::True).schema(Some(text())).build()
    });
    operation.parameters = Some(parameters.collect()).filter(|all: &Vec<_>| !all.is_empty());
    // Plug-ins choose their statuses.
    let other = ResponseBuilder::new().description("The plug-in's answer").content(JSON, Content::new(Some(any().0)));
    operation.responses.responses.insert("default".to_owned(), other.build().into());
    (operation, schemas)
}

fn method_of(endpoint: &Endpoint) -> HttpMethod {
    match endpoint.method.as_str() {
        "PUT" => HttpMethod::Put,
        "POST" => HttpMethod::Post,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

/// The document as JSON.
pub fn document(endpoints: &[Arc<Endpoint>], address: Option<&str>) -> String {
    let mut paths = PathsBuilder::new().build();
    let mut components = ComponentsBuilder::new().schema("Problem", ProblemText::schema());
    for endpoint in endpoints {
        let (operation, schemas) = match &endpoint.answers {
            Answers::Own { .. } => match operations::describe(&endpoint.id) {
                Some(described) => described.build(endpoint),
                None => continue,
            },
            Answers::Plugin(_) => of_plugin(endpoint),
        };
        debug_assert!(endpoint.access == Access::Page || operation.security.is_some());
        components = components.schemas_from_iter(schemas);
        paths.add_path_operation(&endpoint.path, vec![method_of(endpoint)], operation);
    }
    let told = Content::new(Some(Ref::from_schema_name("Problem")));
    let problem = ResponseBuilder::new().description("What was wrong (RFC 9457)").content(MEDIA_TYPE, told);
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = components.response(PROBLEM, problem.build()).security_scheme(TOKEN, token);
    let info = InfoBuilder::new().title("Coffer").version(env!("CARGO_PKG_VERSION"));
    let about = "A Coffer store over HTTP. Every endpoint answers HEAD where it answers GET.";
    let document = OpenApiBuilder::new()
        .info(info.description(Some(about)).build())
        .servers(address.map(|address| [Server::new(address)]))
        .paths(paths)
        .components(Some(components.build()))
        .build();
    document.to_json().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::endpoints::built_in;
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeMap;

    #[test]
    fn the_document_holds_every_endpoint_and_refers_to_nothing_that_is_not_there() {
        let endpoints = built_in(&BTreeMap::new());
        let text = document(&endpoints, Some("http://127.0.0.1:1"));
        let read: Value = serde_json::from_str(&text).unwrap();
        for endpoint in &endpoints {
            let operation = &read["paths"][&endpoint.path][endpoint.method.as_str().to_lowercase()];
            assert_eq!(operation["operationId"], endpoint.id.as_str());
            let has_token = operation["security"].is_array();
            assert_eq!(has_token, endpoint.access != Access::Page, "{}", endpoint.id);
            assert_eq!(operation["requestBody"].is_object(), endpoint.takes != Takes::Nothing, "{}", endpoint.id);
        }
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let path = reference.split('"').next().unwrap();
            assert!(read.pointer(path).is_some(), "{path}");
        }
    }
}
