{#
    Replaces dbt's materialization `table`.
    Why: dbt makes a new table each time, swaps the names and drops the old one, with the views and keys on it. Here what differs
    by key is written: readers, views and foreign keys notice no more than that, and what stays the same costs nothing.
    It bears dbt's name because dbt takes constraints from `table` and `incremental` alone.
    Remove when: never; it is a choice (docs/engine.md).
#}
{% materialization table, adapter='postgres' %}
    {{ return(write_table()) }}
{% endmaterialization %}
