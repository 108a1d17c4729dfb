{#- The names under which an entry of `destinations` sends the columns of a model, as the metadata has
    them: those of its `traits`, or every column that may go, and a segment's reason and tier. -#}
{% macro _trait_names(node, entry) -%}
    {%- set ours, names = activation._metadata(node), [] -%}
    {%- set mapped, own = entry.traits, {} -%}
    {%- for column in ([] if mapped is none else (mapped.values() if mapped is mapping else mapped)) -%}
        {%- do own.update({column: true}) -%}
    {%- endfor -%}
    {%- if mapped is defined and mapped is not none -%}
        {%- for name in mapped -%}
            {%- set column = mapped[name] if mapped is mapping else name -%}
            {%- if activation._may_go(node, column) -%} {%- do names.append(name) -%} {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {%- set aside = activation._no_traits(ours, entry) -%}
        {%- for name, column in node.columns.items() -%}
            {%- set is_free = name not in aside and not activation._column_metadata(column).pii -%}
            {%- if is_free and activation._may_go(node, name) -%} {%- do names.append(name) -%} {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if ours.kind == 'segment' -%}
        {%- set segment = entry.segment or node.name -%}
        {%- for part in ['reason', 'tier'] if ours[part] and ours[part] not in own -%}
            {%- set column = node.columns.get(ours[part]) -%}
            {%- if column and activation._may_go(node, ours[part])
                and not activation._column_metadata(column).pii -%}
                {%- do names.append(segment ~ '_' ~ part) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(names) }}
{%- endmacro %}

{#- Whether a column is declared, and not marked `send: false`. -#}
{% macro _may_go(node, name) -%}
    {%- set column = node.columns.get(name) -%}
    {{ return(column and activation._column_metadata(column).send is not false) }}
{%- endmacro %}

{#- The columns that a model's metadata names for something else than a trait. -#}
{% macro _no_traits(ours, entry) -%}
    {%- set named = [ours.identity, ours.reason, ours.tier, ours.event_id, ours.occurred_at,
        ours.relates_to, ours.until, ours.value] -%}
    {%- for key in ['event', 'expires'] if ours[key] is mapping -%}
        {%- do named.append(ours[key].column) -%}
    {%- endfor -%}
    {%- if ours.window is mapping and ours.window.zone is mapping -%}
        {%- do named.append(ours.window.zone.column) -%}
    {%- endif -%}
    {{ return(named + (entry.identify_by or {}).values() | list) }}
{%- endmacro %}

{#- A select of the traits of all models: model, destination and trait. -#}
{% macro _traits() -%}
    {%- set rows = [] -%}
    {%- for node in activation._activated(['traits', 'segment', 'objects', 'events']) -%}
        {%- set model = node.name ~ ('_v' ~ node.version if node.version else '') -%}
        {%- for entry in activation._entries(node) -%}
            {%- for name in activation._trait_names(node, entry) -%}
                {%- do rows.append([model, entry.name, name]) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ activation._records(rows, ['model', 'destination', 'trait']) }}
{%- endmacro %}
