{#
    Replaces dbt's `should_full_refresh`.
    Why: a table is rebuilt when its code changed, and nobody has to think of `--full-refresh`. But a table that holds retired sessions
    is never rebuilt from nothing, because their lines are gone; its other sessions are replaced in place. Models with
    `goes_with: raw` hold no retired rows and may be rebuilt.
    Remove when: dbt has a hook for this question.
#}
{% macro should_full_refresh() -%}
    {%- if config.get('full_refresh') is not none -%} {{ return(config.get('full_refresh')) }} {%- endif -%}
    {%- set keeps_retired = config.get('incremental_strategy') == 'replace_changed' and config.get('goes_with') != 'raw' -%}
    {{ return(is_built_anew() and not (keeps_retired and has_retired())) }}
{%- endmacro %}
