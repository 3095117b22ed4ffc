//! Settings as administrators read and change them.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::incremental_alter_configs_request::AlterableConfig;
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse as AlteredSome;
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, DescribeConfigsRequest, DescribeConfigsResponse,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::Call;
use crate::cluster::NODE;
use crate::config::{self, Setting, Settings, Values};
use crate::journal::State;
use crate::topics::Refused;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
/// Where a value comes from, as Kafka numbers it.
pub(super) const SET_ON_TOPIC: i8 = 1;
const SET_ON_BROKER: i8 = 4;
const DEFAULT: i8 = 5;

pub(super) fn describe(call: &Call<'_>, request: &DescribeConfigsRequest) -> DescribeConfigsResponse {
    let results = request.resources.iter().map(|resource| {
        let response = DescribeConfigsResult::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone());
        match configs(call, resource, request.include_synonyms) {
            Ok(configs) => response.with_configs(configs),
            Err((error, reason)) => {
                response.with_error_code(error.code()).with_error_message(Some(StrBytes::from_string(reason)))
            }
        }
    });
    DescribeConfigsResponse::default().with_results(results.collect())
}

fn configs(
    call: &Call<'_>,
    resource: &DescribeConfigsResource,
    with_synonyms: bool,
) -> Result<Vec<DescribeConfigsResourceResult>, Refused> {
    let name = resource.resource_name.as_str();
    let (known, set, is_fixed) = match resource.resource_type {
        TOPIC => (config::TOPIC, settings(call.cluster.journal().state(), name)?, false),
        BROKER if name.parse() == Ok(NODE) => (config::BROKER, Settings::new(), true),
        BROKER => return Err((ResponseError::InvalidRequest, format!("the only node is {NODE}, not {name}"))),
        other => return Err((ResponseError::InvalidRequest, format!("no settings of resource type {other}"))),
    };
    let is_wanted = |setting: &&Setting| match &resource.configuration_keys {
        Some(keys) => keys.iter().any(|key| key.as_str() == setting.name),
        None => true,
    };
    let describe = |setting: &Setting| {
        let value = set.get(setting.name);
        let source = match value {
            Some(_) => SET_ON_TOPIC,
            None if is_fixed => SET_ON_BROKER,
            None => DEFAULT,
        };
        let text = |text: &str| StrBytes::from_string(text.into());
        let value = text(value.map_or(setting.default, String::as_str));
        let synonym = DescribeConfigsSynonym::default().with_name(text(setting.name)).with_source(source);
        DescribeConfigsResourceResult::default()
            .with_name(text(setting.name))
            .with_value(Some(value.clone()))
            .with_read_only(is_fixed)
            .with_config_source(source)
            .with_config_type(kind(setting.values))
            .with_synonyms(if with_synonyms { vec![synonym.with_value(Some(value))] } else { Vec::new() })
    };
    Ok(known.iter().filter(is_wanted).map(describe).collect())
}

/// Kafka's number for the type of a value.
fn kind(values: Values) -> i8 {
    match values {
        Values::Flag => 1,
        Values::OneOf(_) => 2,
        Values::Number(_) => 5,
        Values::Share => 6,
        Values::ListOf(_) => 7,
    }
}

/// The whole of a topic's settings.
pub(super) fn alter(call: &Call<'_>, request: AlterConfigsRequest) -> AlterConfigsResponse {
    let responses = request.resources.into_iter().map(|resource| {
        let wanted = resource.configs.into_iter().filter_map(|config| Some((config.name, config.value?)));
        let wanted = wanted.map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let place = (resource.resource_type, resource.resource_name.as_str());
        let (code, reason) = outcome(apply(call, place, request.validate_only, |_| Ok(wanted)));
        AlterConfigsResourceResponse::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name)
            .with_error_code(code)
            .with_error_message(reason)
    });
    AlterConfigsResponse::default().with_responses(responses.collect())
}

/// Some of a topic's settings.
pub(super) fn alter_some(call: &Call<'_>, request: IncrementalAlterConfigsRequest) -> IncrementalAlterConfigsResponse {
    let responses = request.resources.into_iter().map(|resource| {
        let place = (resource.resource_type, resource.resource_name.as_str());
        let change = |mut settings: Settings| {
            resource.configs.iter().try_for_each(|config| change(&mut settings, config))?;
            Ok(settings)
        };
        let (code, reason) = outcome(apply(call, place, request.validate_only, change));
        AlteredSome::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone())
            .with_error_code(code)
            .with_error_message(reason)
    });
    IncrementalAlterConfigsResponse::default().with_responses(responses.collect())
}

fn change(settings: &mut Settings, config: &AlterableConfig) -> Result<(), Refused> {
    let name = config.name.to_string();
    let value = config.value.as_ref().map(|value| value.to_string());
    let words = |text: &str| text.split(',').filter(|word| !word.is_empty()).map(str::to_string).collect::<Vec<_>>();
    let current = || {
        let setting = config::TOPIC.iter().find(|setting| setting.name == name);
        let default = setting.map(|setting| setting.default).unwrap_or_default();
        words(settings.get(&name).map_or(default, String::as_str))
    };
    let new = match (config.config_operation, value) {
        (0, Some(value)) => Some(value),
        (1, _) => None,
        (2, Some(value)) => {
            let mut all = current();
            all.extend(words(&value).into_iter().filter(|word| !current().contains(word)));
            Some(all.join(","))
        }
        (3, Some(value)) => {
            let gone = words(&value);
            Some(current().into_iter().filter(|word| !gone.contains(word)).collect::<Vec<_>>().join(","))
        }
        _ => return Err((ResponseError::InvalidRequest, format!("cannot change {name} in this way"))),
    };
    match new {
        Some(value) => settings.insert(name, value),
        None => settings.remove(&name),
    };
    Ok(())
}

fn apply(
    call: &Call<'_>,
    (kind, name): (i8, &str),
    is_trial: bool,
    change: impl FnOnce(Settings) -> Result<Settings, Refused>,
) -> Result<(), Refused> {
    if kind != TOPIC {
        let reason = "the embedded broker has settings of topics only".into();
        return Err((ResponseError::InvalidRequest, reason));
    }
    let mut journal = call.cluster.journal();
    let settings = change(settings(journal.state(), name)?)?;
    for (name, value) in &settings {
        config::check_topic(name, value).map_err(|reason| (ResponseError::InvalidConfig, reason))?;
    }
    if is_trial {
        return Ok(());
    }
    let set = call.cluster.topics.set(&mut journal, name, settings);
    set.map_err(|error| (error, "the settings cannot be written".into()))
}

fn settings(state: &State, topic: &str) -> Result<Settings, Refused> {
    let settings = state.topics.get(topic).map(|topic| topic.settings.clone());
    settings.ok_or_else(|| (ResponseError::UnknownTopicOrPartition, format!("no topic {topic}")))
}

fn outcome(result: Result<(), Refused>) -> (i16, Option<StrBytes>) {
    match result {
        Ok(()) => (0, None),
        Err((error, reason)) => (error.code(), Some(StrBytes::from_string(reason))),
    }
}
