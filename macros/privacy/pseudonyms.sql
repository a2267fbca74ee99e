{% macro is_pseudonymised() -%}
    {#- Unit tests are about the logic of the models, in clear names. -#}
    {%- if not execute or (model and model.resource_type == 'unit_test') -%} {{ return(false) }} {%- endif -%}
    {%- if var('pseudonymise') is not none -%} {{ return(var('pseudonymise') | string | lower == 'true') }} {%- endif -%}
    {#- a build has it from `keep_pseudonyms`: models ask for each name that they publish -#}
    {%- if 'pseudonyms' in graph -%} {{ return(graph.pseudonyms != 'off') }} {%- endif -%}
    {%- set published = published_pseudonyms() -%}
    {{ return(published is not none and published.state != 'off') }}
{%- endmacro %}


{% macro keyed_hash(text) -%}
    {%- set pads = "current_setting('simrace.pseudonym_pads')" -%}
    encode(
        sha256(
            decode(substr({{ pads }}, 129), 'hex')
            || sha256(decode(substr({{ pads }}, 1, 128), 'hex') || convert_to({{ text }}, 'UTF8'))
        ),
        'hex'
    )
{%- endmacro %}


{% macro pseudonym(name, kind) -%}
    {%- if is_pseudonymised() -%} '{{ kind }} ' || substr({{ keyed_hash(name) }}, 1, 16) {%- else -%} {{ name }} {%- endif -%}
{%- endmacro %}


{% macro pseudonymous_id(id) -%}
    {%- if is_pseudonymised() -%}
        split_part({{ id }}, ':', 1) || ':' || substr({{ keyed_hash(id) }}, 1, 16)
    {%- else -%} {{ id }}
    {%- endif -%}
{%- endmacro %}


{% macro pseudonymous_key(prefix, key) -%}
    {%- if is_pseudonymised() -%} substr({{ keyed_hash("'" ~ prefix ~ ":' || " ~ key) }}, 1, 16) {%- else -%} {{ key }} {%- endif -%}
{%- endmacro %}


{% macro unless_pseudonymised(text) -%}
    {%- if is_pseudonymised() -%} cast(null as {{ dbt.type_string() }}) {%- else -%} {{ text }} {%- endif -%}
{%- endmacro %}


{% macro when_read(pseudonym) -%}
    {%- if is_pseudonymised() -%}
        case when current_setting('simrace.pseudonym_pads', true) <> '' then {{ pseudonym }} end
    {%- else -%} {{ pseudonym }}
    {%- endif -%}
{%- endmacro %}


{% macro md5_of_names(text) -%}
    {%- if is_pseudonymised() -%} substr({{ keyed_hash(text) }}, 1, 32) {%- else -%} md5({{ text }}) {%- endif -%}
{%- endmacro %}


{% macro me() -%}
    {%- if is_pseudonymised() -%} nullif(current_setting('simrace.me', true), '') {%- else -%} {{ text_or_null(var('me')) }} {%- endif -%}
{%- endmacro %}

{% macro set_me() -%}
    {%- if is_pseudonymised() -%}
        select set_config('simrace.me', '{{ dbt.escape_single_quotes(var("me")) }}', true)
    {%- endif -%}
{%- endmacro %}


{% macro pseudonym_state() -%}
    {%- if not is_pseudonymised() -%} {{ return('off') }} {%- endif -%}
    {%- if run_query("select current_setting('simrace.pseudonym_pads', true) is null").rows[0][0] -%}
        {%- do exceptions.raise_compiler_error(
            'pseudonymise is on, and the environment variable SIMRACE_PSEUDONYM_KEY is not set or has fewer than 32'
            ~ ' characters, or dbt was not called as `simrace dbt`. Make a key with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
            ~ ' and keep it: another key gives every driver another pseudonym.'
        ) -%}
    {%- endif -%}
    {{ return('on ' ~ run_query('select substr(' ~ keyed_hash("'simrace fingerprint'") ~ ', 1, 12)').rows[0][0]) }}
{%- endmacro %}


{% macro published_pseudonyms() -%}
    {%- set pseudonyms = ops_schema() ~ '.pseudonyms' -%}
    {%- if run_query("select to_regclass('" ~ pseudonyms ~ "') is null").rows[0][0] -%} {{ return(none) }} {%- endif -%}
    {%- set found = run_query('select state, is_complete from ' ~ pseudonyms).rows -%}
    {{ return({'state': found[0][0], 'is_complete': found[0][1]} if found else none) }}
{%- endmacro %}


{% macro is_full_rebuild() -%}
    {%- set left_out = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
        | map(attribute='unique_id') | reject('in', selected_resources) | list -%}
    {#- simrace builds everything in parts where there is a lake, and goes on to the next part only if all of one is built -#}
    {{ return(flags.FULL_REFRESH and (env_var('SIMRACE_BUILDS_PART', '') != '' or not left_out)) }}
{%- endmacro %}


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
    {%- do graph.update(pseudonyms=wanted) -%}
    delete from {{ ops_schema() }}.pseudonyms;
    insert into {{ ops_schema() }}.pseudonyms (state, is_complete) values ('{{ wanted }}', {{ not is_switch }});
{%- endmacro %}


{% macro complete_pseudonyms() -%}
    {%- if execute and is_full_rebuild() -%}
        {%- set unbuilt = results | selectattr('node.resource_type', 'in', ['model', 'seed'])
            | rejectattr('status', 'in', ['success', 'no-op']) | list -%}
        {%- if not unbuilt -%} update {{ ops_schema() }}.pseudonyms set is_complete = true {%- endif -%}
    {%- endif -%}
{%- endmacro %}
