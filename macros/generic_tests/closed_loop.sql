{#- What people tell us is acted upon: every reason code in this column is named by a segment or a
    suppression, or by a model that one is built on, or has an owner in `handled_by`, a mapping
    from code to a model or to who looks after it. With `flag=true`, the column is a boolean, and
    its name is what has to be used. A warning unless the test says otherwise. Returns the codes
    that nobody uses, and how often they were given. -#}
{% test closed_loop(model, column_name, handled_by={}, flag=false) %}

{{- config(severity='warn') -}}
{%- set texts = activation._acting_code(model) -%}
{%- set used = [] -%}
{%- for code, owner in handled_by.items() if activation._is_handler(owner) -%}
    {%- do used.append(code) -%}
{%- endfor -%}
{%- for word in modules.re.findall("'([^'\n]*)'", texts) + modules.re.findall('"([^"\n]*)"', texts) -%}
    {%- do used.append(word) -%}
{%- endfor -%}
{%- if flag and modules.re.search('\\b' ~ modules.re.escape(column_name) ~ '\\b', texts) -%}
    {%- do used.append(column_name) -%}
{%- endif -%}
{%- set code = activation._text(column_name) if flag else activation._as_text(column_name) %}

select
    {{ code }} as code,
    count(*) as times
from {{ model }}
where
    {%- if flag %}
    {{ column_name }}
    {%- else %}
    {{ column_name }} is not null
    {%- endif %}
    {%- if used %}
    and {{ code }} not in ({{ activation._texts(used | unique | list) }})
    {%- endif %}
{%- if not flag %}
group by {{ code }}
{%- else %}
having count(*) > 0
{%- endif %}

{% endtest %}

{#- The SQL of all segments and suppressions and of what they are built on, without the tested model
    and what that is built on. -#}
{% macro _acting_code(model) -%}
    {%- set tested = activation._node_of(model) -%}
    {%- set before = activation._with_parents([tested] if tested else [])
        | map(attribute='unique_id') | list -%}
    {%- set texts = [] -%}
    {%- for node in activation._with_parents(activation._activated(['segment', 'suppression']))
        if node.unique_id not in before -%}
        {%- do texts.append(node.raw_code) -%}
    {%- endfor -%}
    {{ return(texts | join('\n')) }}
{%- endmacro %}

{#- Models, and all models that they are built on. -#}
{% macro _with_parents(nodes) -%}
    {%- set found = nodes | list -%}
    {%- set known = nodes | map(attribute='unique_id') | list -%}
    {%- for node in found -%}
        {%- for parent in node.depends_on.nodes if parent in graph.nodes and parent not in known -%}
            {%- do known.append(parent) -%}
            {%- do found.append(graph.nodes[parent]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- Whether a text names a model, an owner of one, or somebody's address. -#}
{% macro _is_handler(text) -%}
    {%- if '@' in text -%}{{ return(true) }}{%- endif -%}
    {%- for node in activation._activated() -%}
        {%- if text in [node.name, activation._metadata(node).owner] -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}
