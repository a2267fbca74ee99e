{% macro record_quarantine() -%}
    update {{ ops_schema() }}.quarantine_history as history set released_at = now()
    where
        history.released_at is null
        and not exists (
            select 1 from {{ this }} as quarantined
            where
                quarantined.file_id = history.file_id
                and quarantined.race_id = history.race_id
                and quarantined.line_number = history.line_number
                and quarantined.reason = history.reason
        );
    insert into {{ ops_schema() }}.quarantine_history (file_id, race_id, line_number, reason)
    select quarantined.file_id, quarantined.race_id, quarantined.line_number, quarantined.reason
    from {{ this }} as quarantined
    where
        not exists (
            select 1 from {{ ops_schema() }}.quarantine_history as history
            where
                history.released_at is null
                and quarantined.file_id = history.file_id
                and quarantined.race_id = history.race_id
                and quarantined.line_number = history.line_number
                and quarantined.reason = history.reason
        );
{%- endmacro %}
