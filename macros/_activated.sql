{#- The models of dbt's graph with metadata of ours, by their name; of one of `kinds` where that is
    given. Empty while dbt parses. -#}
{% macro _activated(kinds=none) -%}
    {%- set found = [] -%}
    {%- for node in (graph.nodes.values() if execute else [])
        if node.resource_type == 'model' -%}
        {%- set ours = activation._metadata(node) -%}
        {%- if ours and (kinds is none or ours.kind in kinds) -%}
            {%- do found.append(node) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found | sort(attribute='name')) }}
{%- endmacro %}

{#- A model's name as the state has it. -#}
{% macro _model_name(node) -%}
    {{ return(node.name ~ ('_v' ~ node.version if node.version else '')) }}
{%- endmacro %}

{#- What stands under `meta.activation` of a node; nothing where it has none. -#}
{% macro _metadata(node) -%}
    {{ return((node.config.meta or {}).get('activation') or {}) }}
{%- endmacro %}

{#- The same of a column. -#}
{% macro _column_metadata(column) -%}
    {%- set meta = (column.config or {}).get('meta') or column.meta or {} -%}
    {{ return(meta.get('activation') or {}) }}
{%- endmacro %}

{#- The entries of a model's `destinations`, plain names among them, as mappings. -#}
{% macro _entries(node) -%}
    {%- set entries = [] -%}
    {%- for entry in activation._metadata(node).destinations or [] -%}
        {%- do entries.append({'name': entry} if entry is string else entry) -%}
    {%- endfor -%}
    {{ return(entries) }}
{%- endmacro %}

{#- The node of a model that a test reads, with or without a `where`; none while dbt parses. -#}
{% macro _node_of(relation) -%}
    {%- for node in (graph.nodes.values() if execute else [])
        if node.relation_name and node.relation_name ~ ' ' in relation ~ ' ' -%}
        {{ return(node) }}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}
