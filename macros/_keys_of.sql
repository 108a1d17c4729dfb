{#- The keys by which destinations know a model's rows: for each entry of `destinations`, what the key
    is called, its column, whether two rows may not share it, and whether it names the row. -#}
{% macro _keys_of(node) -%}
    {%- set ours, keys = activation._metadata(node), [] -%}
    {%- set is_person = ours.kind != 'events' and not ours.relates_to -%}
    {%- for entry in activation._entries(node) -%}
        {%- for name, column in (entry.identify_by or {'identifier': ours.identity}).items() -%}
            {%- do keys.append({
                'destination': entry.name, 'name': name, 'column': column,
                'is_unique': is_person, 'is_identity': true
            }) -%}
        {%- endfor -%}
        {%- if ours.kind == 'events' and ours.event_id -%}
            {%- do keys.append({
                'destination': entry.name, 'name': 'event id', 'column': ours.event_id,
                'is_unique': true, 'is_identity': false
            }) -%}
        {%- endif -%}
        {%- if ours.relates_to -%}
            {%- do keys.append({
                'destination': entry.name, 'name': 'link', 'column': ours.relates_to,
                'is_unique': false, 'is_identity': false
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(keys) }}
{%- endmacro %}

{#- The names of the columns that a model's relation has in the warehouse; none where it was never
    built. -#}
{% macro _names_in(node) -%}
    {%- set found = adapter.get_relation(node.database, node.schema, node.alias or node.name) -%}
    {{ return(
        adapter.get_columns_in_relation(found) | map(attribute='name') | list if found else []
    ) }}
{%- endmacro %}

{#- A column in quotes, as the warehouse spells it; none where it is not among `names`. -#}
{% macro _named(column, names) -%}
    {%- for name in names if name == column -%}
        {{ return(adapter.quote(name)) }}
    {%- endfor -%}
    {%- for name in names if name | lower == column | lower -%}
        {{ return(adapter.quote(name)) }}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}

{#- The day in UTC on which a run started, as a typed date. -#}
{% macro _today() -%}
    cast('{{ run_started_at.strftime('%Y-%m-%d') }}' as date)
{%- endmacro %}
