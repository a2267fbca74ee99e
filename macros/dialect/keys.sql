{% macro is_any_of(value, rows) -%} {{ return(adapter.dispatch('is_any_of')(value, rows)) }} {%- endmacro %}

{#- A list is one value, by which PostgreSQL finds rows by index. -#}
{% macro postgres__is_any_of(value, rows) -%} {{ value }} = any(array({{ rows }})) {%- endmacro %}

{% macro spark__is_any_of(value, rows) -%} {{ value }} in ({{ rows }}) {%- endmacro %}


{% macro find_sessions_by_index() -%} {{ return(adapter.dispatch('find_sessions_by_index')()) }} {%- endmacro %}

{% macro postgres__find_sessions_by_index() -%} set local enable_seqscan = off {%- endmacro %}

{% macro spark__find_sessions_by_index() -%} {%- endmacro %}


{% macro read_in_parallel() -%} {{ return(adapter.dispatch('read_in_parallel')()) }} {%- endmacro %}

{% macro postgres__read_in_parallel() -%}
    set local parallel_setup_cost = 0;
    set local parallel_tuple_cost = 0;
    set local enable_memoize = off;
    set local enable_parallel_hash = off;
    set local enable_mergejoin = off;
{%- endmacro %}

{% macro spark__read_in_parallel() -%} {%- endmacro %}


{#- PostgreSQL takes each session by itself: its samples are sorted in memory, and what it costs depends on no other. -#}
{% macro each_session() -%} {{ return(adapter.dispatch('each_session')()) }} {%- endmacro %}

{% macro postgres__each_session() -%} cross join lateral {%- endmacro %}

{% macro spark__each_session() -%} inner join {%- endmacro %}


{% macro on_session(rows) -%} {{ return(adapter.dispatch('on_session')(rows)) }} {%- endmacro %}

{% macro postgres__on_session(rows) -%} {%- endmacro %}

{% macro spark__on_session(rows) -%} on sessions.session_id = {{ rows }}.session_id {%- endmacro %}


{% macro of_session(rows, key='session_id') -%} {{ return(adapter.dispatch('of_session')(rows, key)) }} {%- endmacro %}

{% macro postgres__of_session(rows, key) -%} where {{ rows }}.{{ key }} = sessions.{{ key }} {%- endmacro %}

{% macro spark__of_session(rows, key) -%} inner join sessions on {{ rows }}.{{ key }} = sessions.{{ key }} {%- endmacro %}


{% macro is_same_session(one, other) -%} {{ return(adapter.dispatch('is_same_session')(one, other)) }} {%- endmacro %}

{#- There is no other. Told of it, the planner would join by it, and by nothing else. -#}
{% macro postgres__is_same_session(one, other) -%} true {%- endmacro %}

{% macro spark__is_same_session(one, other) -%} {{ one }}.session_id = {{ other }}.session_id {%- endmacro %}


{% macro is_due_in_lake(value, fingerprints) -%} {{ return(adapter.dispatch('is_due_in_lake')(value, fingerprints)) }} {%- endmacro %}

{#- There it is a view. -#}
{% macro postgres__is_due_in_lake(value, fingerprints) -%} true {%- endmacro %}

{% macro spark__is_due_in_lake(value, fingerprints) -%}
    {{ is_any_of(value, changed_keys(ref(fingerprints), 'session_id')) }}
{%- endmacro %}
