{#- Traits of a model with few values, as name and SQL for the value as text: booleans, numbers with
    `bands`, a segment's tier, and columns for which a test lists the values. Columns marked `pii` or
    `send: false` are left out, and those that are not among the `names` of the relation. -#}
{% macro _mixed_traits(node, names) -%}
    {%- set ours, found = activation._metadata(node), [] -%}
    {%- set listed = activation._listed_columns(node) -%}
    {%- for name, column in node.columns.items() -%}
        {%- set own = activation._column_metadata(column) -%}
        {%- set type = (column.data_type or '') | lower -%}
        {%- set quoted = activation._named(name, names) -%}
        {%- set sql = namespace(text=none) -%}
        {%- if type in ['boolean', 'bool'] -%}
            {%- set sql.text = "case when " ~ quoted ~ " then 'true' when not " ~ quoted ~ " then 'false' end" -%}
        {%- elif name in (ours.bands or {}) -%}
            {%- set sql.text = activation.band(quoted, ours.bands[name]) -%}
        {%- elif name == ours.tier or name in listed -%}
            {%- set sql.text = quoted -%}
        {%- endif -%}
        {%- if quoted and sql.text and not own.pii and own.send is not false -%}
            {%- do found.append({'name': name, 'sql': sql.text}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- The columns of a model whose values a test lists. -#}
{% macro _listed_columns(node) -%}
    {%- set found = [] -%}
    {%- for test in graph.nodes.values()
        if test.resource_type == 'test' and test.attached_node == node.unique_id
        and (test.test_metadata or {}).name in ['accepted_values', 'trait_values'] -%}
        {%- do found.append(test.column_name or (test.test_metadata.kwargs or {}).column_name) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
