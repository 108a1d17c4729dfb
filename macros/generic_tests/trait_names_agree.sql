{#- No two traits of the project are called nearly the same, over all models and destinations:
    `VIP`, `vip` and `vip_customer` are one thing to a reader and three to a vendor. Names are
    compared in lower case, without underscores, and without words that say nothing (`ignore`).
    One name with two types is found too. A column that a model sends under another name does not
    disagree with itself. `except` lists names that are meant. Returns each name with where it
    stands, and what it resembles. -#}
{% test trait_names_agree(
    model,
    ignore=['customer', 'user', 'person', 'account', 'contact', 'is', 'has', 'flag', 'trait'],
    except=[]
) %}

{%- set alike = {} -%}
{%- for node in activation._activated(['traits', 'segment', 'objects']) -%}
    {%- for one in activation._named_traits(node) if one.name not in except -%}
        {%- set plain = activation._plain_name(one.name, ignore) -%}
        {%- do alike.setdefault(plain, []).append(one) -%}
    {%- endfor -%}
{%- endfor -%}
{%- set found = [] -%}
{%- for same in alike.values() -%}
    {%- for one in same -%}
        {%- do found.extend(activation._disagreements(one, same)) -%}
    {%- endfor -%}
{%- endfor -%}
{{ activation._records(found, ['trait', 'model', 'destination', 'problem']) }}

{% endtest %}

{#- What a name disagrees with among those that are nearly the same: each other spelling once, and
    each other type of its own spelling once. -#}
{% macro _disagreements(one, same) -%}
    {%- set problems = {} -%}
    {%- for other in same if other.model != one.model or other.column != one.column -%}
        {%- if other.name != one.name -%}
            {%- do problems.setdefault(
                other.name, 'resembles ' ~ other.name ~ ' of ' ~ other.model
            ) -%}
        {%- elif other.place == one.place and one.type and other.type and one.type != other.type -%}
            {%- do problems.setdefault(
                other.type, 'is ' ~ one.type ~ ', and ' ~ other.type ~ ' in ' ~ other.model
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set rows = [] -%}
    {%- for problem in problems.values() -%}
        {%- do rows.append([one.name, one.model, one.place, problem]) -%}
    {%- endfor -%}
    {{ return(rows) }}
{%- endmacro %}

{#- What a model's columns are called: in the model, and at each destination. -#}
{% macro _named_traits(node) -%}
    {%- set ours = activation._metadata(node) -%}
    {%- set keys = [ours.identity, ours.reason, ours.relates_to] -%}
    {%- set columns = {} -%}
    {%- for name, column in node.columns.items() if name not in keys -%}
        {%- do columns.update({name: column.data_type | default('', true) | lower}) -%}
    {%- endfor -%}
    {%- set named = [] -%}
    {%- for name, type in columns.items() -%}
        {%- do named.append(
            {'name': name, 'column': name, 'type': type, 'model': node.name, 'place': 'the model'}
        ) -%}
    {%- endfor -%}
    {%- for entry in activation._entries(node) if entry.traits is mapping -%}
        {%- for name, column in entry.traits.items() -%}
            {%- do named.append({
                'name': name, 'column': column, 'type': columns.get(column, ''),
                'model': node.name, 'place': entry.name,
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(named) }}
{%- endmacro %}

{#- What is left of a name without case, underscores and words that say nothing. -#}
{% macro _plain_name(name, ignore) -%}
    {%- set apart = modules.re.sub('([a-z0-9])([A-Z])', '\\1_\\2', name) | lower -%}
    {%- set words = modules.re.split('[^a-z0-9]+', apart) | select | list -%}
    {%- set telling = words | reject('in', ignore) | list -%}
    {{ return((telling or words) | join('')) }}
{%- endmacro %}
