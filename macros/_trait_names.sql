{#- The names under which an entry of `destinations` sends the columns of a model, as the metadata has
    them: those of its `traits`, or every column that may go, and a segment's reason and tier. -#}
{% macro _trait_names(node, entry) -%}
    {%- set ours, pairs, names = activation._metadata(node), {}, [] -%}
    {%- if entry.traits is mapping -%}
        {%- do pairs.update(entry.traits) -%}
    {%- elif entry.traits is defined and entry.traits is not none -%}
        {%- for column in entry.traits -%} {%- do pairs.update({column: column}) -%} {%- endfor -%}
    {%- else -%}
        {%- set aside = activation._no_traits(ours, entry) -%}
        {%- for column in node.columns if column not in aside and activation._may_go(node, column) -%}
            {%- do pairs.update({column: column}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for name, column in pairs.items() if activation._may_go(node, column, personal=true) -%}
        {%- do names.append(name) -%}
    {%- endfor -%}
    {%- for part in ['reason', 'tier'] if ours.kind == 'segment' and ours[part]
        and ours[part] not in pairs.values() and activation._may_go(node, ours[part]) -%}
        {%- do names.append((entry.segment or node.name) ~ '_' ~ part) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{#- Whether a column is declared and may be sent; `personal` lets one pass that is marked `pii`. -#}
{% macro _may_go(node, name, personal=false) -%}
    {%- set own = activation._column_metadata(node.columns[name]) if name in node.columns else none -%}
    {{ return(own is not none and own.send is not false and (personal or not own.pii)) }}
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
        {%- for entry in activation._entries(node) -%}
            {%- for name in activation._trait_names(node, entry) -%}
                {%- do rows.append([activation._model_name(node), entry.name, name]) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ activation._records(rows, ['model', 'destination', 'trait']) }}
{%- endmacro %}
