{#
    With the var `pseudonymise` names and ids of people are replaced by keyed hashes (HMAC-SHA256) where they enter: results
    in staging, telemetry in int_telemetry_sessions. Everything after that knows no others. The key is never part of any SQL:
    a session setting holds what ingestion/pseudonyms.py makes of it, so it is in no artifact, log or table.
#}
{% macro is_pseudonymised() -%}
    {#- Unit tests are about the logic of the models, in clear names. -#}
    {%- if not execute or (model and model.resource_type == 'unit_test') -%} {{ return(false) }} {%- endif -%}
    {%- if var('pseudonymise') is not none -%} {{ return(var('pseudonymise') | string | lower == 'true') }} {%- endif -%}
    {%- set published = published_pseudonyms() -%}
    {{ return(published is not none and published.state != 'off') }}
{%- endmacro %}


{# An HMAC-SHA256 of a text as 64 hexadecimal digits; null of null. #}
{% macro keyed_hash(text) -%}
    {{ return(adapter.dispatch('keyed_hash')(text)) }}
{%- endmacro %}

{% macro default__keyed_hash(text) -%}
    {{ exceptions.raise_compiler_error('keyed_hash is not written for ' ~ target.type) }}
{%- endmacro %}

{% macro postgres__keyed_hash(text) -%}
    {%- set pads = "current_setting('simrace.pseudonym_pads')" -%}
    encode(
        sha256(
            decode(substr({{ pads }}, 129), 'hex')
            || sha256(decode(substr({{ pads }}, 1, 128), 'hex') || convert_to({{ text }}, 'UTF8'))
        ),
        'hex'
    )
{%- endmacro %}


{# A name of a person or what may hold one; pseudonymised it is the kind and a hash. #}
{% macro pseudonym(name, kind) -%}
    {%- if is_pseudonymised() -%} '{{ kind }} ' || substr({{ keyed_hash(name) }}, 1, 16) {%- else -%} {{ name }} {%- endif -%}
{%- endmacro %}


{# An id such as iracing:1234 or driver:1234; pseudonymised all behind its first colon is a hash of the whole. #}
{% macro pseudonymous_id(id) -%}
    {%- if is_pseudonymised() -%}
        split_part({{ id }}, ':', 1) || ':' || substr({{ keyed_hash(id) }}, 1, 16)
    {%- else -%} {{ id }}
    {%- endif -%}
{%- endmacro %}


{# What stands behind the colon of such an id alone. #}
{% macro pseudonymous_key(prefix, key) -%}
    {%- if is_pseudonymised() -%} substr({{ keyed_hash("'" ~ prefix ~ ":' || " ~ key) }}, 1, 16) {%- else -%} {{ key }} {%- endif -%}
{%- endmacro %}


{# A free text that may hold anything, names too: pseudonymised it is left out. #}
{% macro unless_pseudonymised(text) -%}
    {%- if is_pseudonymised() -%} cast(null as {{ dbt.type_string() }}) {%- else -%} {{ text }} {%- endif -%}
{%- endmacro %}


{# An md5 of what others know but for a name, which they could find by trying; pseudonymised it is keyed. #}
{% macro md5_of_names(text) -%}
    {%- if is_pseudonymised() -%} substr({{ keyed_hash(text) }}, 1, 32) {%- else -%} md5({{ text }}) {%- endif -%}
{%- endmacro %}


{# The var `me`, as a session setting when pseudonymised: compiled SQL is part of the documentation. #}
{% macro me() -%}
    {%- if is_pseudonymised() -%} nullif(current_setting('simrace.me', true), '') {%- else -%} {{ text_or_null(var('me')) }} {%- endif -%}
{%- endmacro %}

{# Pre-hook of the model that uses me(). #}
{% macro set_me() -%}
    {%- if is_pseudonymised() -%}
        select set_config('simrace.me', '{{ dbt.escape_single_quotes(var("me")) }}', true)
    {%- endif -%}
{%- endmacro %}


{# `off`, or `on` and a fingerprint that tells keys apart without revealing them; part of what models are made from. #}
{% macro pseudonym_state() -%}
    {%- if not is_pseudonymised() -%} {{ return('off') }} {%- endif -%}
    {%- if run_query("select current_setting('simrace.pseudonym_pads', true) is null").rows[0][0] -%}
        {%- do exceptions.raise_compiler_error(
            'pseudonymise is on, and the environment variable SIMRACE_PSEUDONYM_KEY is not set or has fewer than 32'
            ~ ' characters. Make a key with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
            ~ ' and keep it: another key gives every driver another pseudonym.'
        ) -%}
    {%- endif -%}
    {{ return('on ' ~ run_query('select substr(' ~ keyed_hash("'simrace fingerprint'") ~ ', 1, 12)').rows[0][0]) }}
{%- endmacro %}


{# What the marts were published with, and whether the switch to it came to its end; none before the first build. #}
{% macro published_pseudonyms() -%}
    {%- set pseudonyms = ops_schema() ~ '.pseudonyms' -%}
    {%- if run_query("select to_regclass('" ~ pseudonyms ~ "') is null").rows[0][0] -%} {{ return(none) }} {%- endif -%}
    {%- set found = run_query('select state, is_complete from ' ~ pseudonyms).rows -%}
    {{ return({'state': found[0][0], 'is_complete': found[0][1]} if found else none) }}
{%- endmacro %}


{# Whether this run makes every model anew. #}
{% macro is_full_rebuild() -%}
    {%- set left_out = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
        | map(attribute='unique_id') | reject('in', selected_resources) | list -%}
    {{ return(flags.FULL_REFRESH and not left_out) }}
{%- endmacro %}


{# On-run-start: names and pseudonyms never stand side by side, and nobody publishes names by forgetting a flag. #}
{% macro keep_pseudonyms() -%}
    {%- if not execute -%} {{ return('') }} {%- endif -%}
    {%- set wanted = pseudonym_state() -%}
    {%- set published = published_pseudonyms() -%}
    {%- if published is none -%}
        {#- a warehouse of a version without pseudonyms holds names -#}
        {%- set is_built = run_query('select exists (select 1 from ' ~ ops_schema() ~ '.built)').rows[0][0] -%}
        {%- set published = {'state': 'off' if is_built else wanted, 'is_complete': true} -%}
    {%- endif -%}
    {%- set is_switch = wanted != published.state or not published.is_complete -%}
    {%- if is_switch and not is_full_rebuild() -%}
        {%- set what = {'off': 'with names'}.get(published.state, 'with pseudonyms') -%}
        {%- do exceptions.raise_compiler_error(
            ('This warehouse was published ' ~ what ~ ', and this run would publish it '
            ~ ('with names' if wanted == 'off' else 'with pseudonyms' if published.state == 'off' else 'with those of another key')
            if wanted != published.state else 'The switch to ' ~ what[5:] ~ ' did not come to its end')
            ~ '. To do so, build everything anew: simrace run --full-refresh --'
            ~ ('no-' if wanted == 'off' else '') ~ 'pseudonymise. To leave it as it was, leave pseudonymise and the key as they were.'
        ) -%}
    {%- endif -%}
    delete from {{ ops_schema() }}.pseudonyms;
    insert into {{ ops_schema() }}.pseudonyms (state, is_complete) values ('{{ wanted }}', {{ not is_switch }});
{%- endmacro %}


{# On-run-end: a switch is complete when every model was built. #}
{% macro complete_pseudonyms() -%}
    {%- if execute and is_full_rebuild() -%}
        {%- set unbuilt = results | selectattr('node.resource_type', 'in', ['model', 'seed'])
            | rejectattr('status', 'in', ['success', 'no-op']) | list -%}
        {%- if not unbuilt -%} update {{ ops_schema() }}.pseudonyms set is_complete = true {%- endif -%}
    {%- endif -%}
{%- endmacro %}
